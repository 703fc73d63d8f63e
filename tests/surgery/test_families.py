# Copyright (c) mmtips authors. All rights reserved.
"""Every convolutional backbone of both hosts: where its operators are, and that it stays what it was."""

import copy

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn
from torch.utils._pytree import tree_leaves

from mmtips.downsampling import Downsampler
from mmtips.inspection.strided import pads_itself
from mmtips.surgery import find_sites
from tests.surgery.families import FAMILIES
from tests.surgery.families.__main__ import PAGE, family_table

#: And 224, at which every conversion compares the sizes itself; hosts that take neither are looked at at the last one.
SIZES, EVEN = [(225, 225), (97, 131)], (128, 192)
#: One form of each backbone, of one host: the others differ in where their sites are, not in what is done there.
DISTINCT = list({(family.cfg['base'], family.cfg.get('model_name')): family for family in reversed(FAMILIES)}.values())
#: Sizes for which some hosts are too deep: the first is one that all of them take.
SMALL = {'InceptionV3': [(96, 128)], 'DDRNet': [(128, 128)], 'PIDNet': [(128, 128)]}
#: Backbones that compute in float32 whatever their weights are: EdgeNeXt codes positions in it.
SINGLE_PRECISION = {'EdgeNeXt'}


def build(family):
    cfg = dict(family.cfg)
    return MODELS.build(dict(type=cfg.pop('base'), **cfg))


def convert(family, downsampler, sites=()):
    """With every site exchanged that ``sites`` does not name, the stem's convolution too."""
    operator = dict(type=downsampler)
    return MODELS.build(dict(type='TIPSBackbone', downsampler=operator, sites=dict(stem_conv=operator) | dict(sites),
                             **family.cfg))


def image(network, count, size):
    """Noise with the channels that a network reads."""
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    return torch.randn(count, first.in_channels, *size)


def maps(network, x):
    """All maps that a network returns."""
    return [leaf for leaf in tree_leaves(network(x)) if isinstance(leaf, torch.Tensor)]


def shapes(network):
    """Of all maps, for each size; None where the network refuses the size. The network loses its weights."""
    network.to('meta')
    network.eval()  # which in a host's backbone returns nothing
    found = [_shapes(network, size) for size in SIZES]
    return found if any(found) else [_shapes(network, EVEN)]


def _shapes(network, size):
    try:
        return [tuple(y.shape) for y in maps(network, image(network, 1, size).to('meta'))]
    except (AssertionError, RuntimeError):
        return None


@pytest.fixture
def _without_values(monkeypatch):
    """No time for weights that are not looked at."""
    for name in (name for name in vars(torch.nn.init) if name.endswith('_') and not name.startswith('_')):
        monkeypatch.setattr(torch.nn.init, name, lambda tensor, *_, **__: tensor)


def precision(family):
    """Float64 where the host takes it: rounding grows in gates."""
    return torch.float32 if family.cfg['base'] in SINGLE_PRECISION else torch.float64


def without_pools(family, stock, downsampler):
    """The twin of a stock backbone with its weights, and with the host's own pools; both in eval."""
    pools = [strided for _, strided, where, _ in family.sites if where == 'instead']
    if len(pools) == len(family.sites):
        pytest.skip('only pools, in whose place an operator computes something else')
    converted = convert(family, downsampler, dict.fromkeys(pools))
    missing, unexpected = converted.load_state_dict(stock.state_dict(), strict=False)
    assert not unexpected
    assert all('downsampler' in name or name.endswith('.free_weight') for name in missing)
    dtype = precision(family)
    stock.to(dtype).eval(), converted.to(dtype).eval()
    return converted


def what_it_gives(family, stock):
    """An image, of odd sides where the host takes them, and the maps that it makes of it."""
    refusals = []
    for size in ((97, 67), *SMALL.get(family.cfg['base'], [(64, 96)])):
        x = image(stock, 1, size).to(precision(family))
        try:
            with torch.no_grad():
                return x, maps(stock, x)
        except (AssertionError, RuntimeError) as error:
            refusals.append(error)
    raise AssertionError(f'the host takes no size at all: {refusals}')


def assert_same(family, converted, stock):
    """Up to a share of the largest value."""
    x, expected = what_it_gives(family, stock)
    with torch.no_grad():
        for ours, theirs in zip(maps(converted, x), expected, strict=True):
            assert ours.shape == theirs.shape
            bound = {torch.float64: 1e-10, torch.float32: 1e-5}[ours.dtype]
            assert (ours - theirs).abs().max() <= bound * theirs.abs().max()


def without_gradient(network, x):
    """Names of the parameters that one training step does not reach."""
    network.train()
    sum(y.square().mean() for y in maps(network, x)).backward()
    return {name for name, parameter in network.named_parameters()
            if parameter.requires_grad and parameter.grad is None}


@pytest.mark.parametrize('family', FAMILIES, ids=[family.name.replace(' ', '-') for family in FAMILIES])
@pytest.mark.usefixtures('_without_values')
class TestFamily:

    def test_sites_keys_and_shapes(self, scope, family):
        scope(family.host)
        stock, converted = build(family), convert(family, 'MaxPool')
        found = find_sites(stock)
        assert {(site.role, site.strided, site.where, site.carrier) for site in found} == family.sites
        assert len(found) == len(family.sites)
        theirs, ours = stock.state_dict(), converted.state_dict()
        assert {name: value.shape for name, value in ours.items()} == {
            name: value.shape for name, value in theirs.items()}  # the operator has no parameters
        assert type(converted) is type(stock)
        operators = [module for module in converted.modules() if isinstance(module, Downsampler)]
        assert len(operators) == len(family.converted)
        expected = shapes(stock)
        assert any(expected)
        assert shapes(converted) == expected


@pytest.mark.parametrize('family', DISTINCT, ids=[family.name.replace(' ', '-') for family in DISTINCT])
class TestWhatItComputes:

    def test_convolution_then_subsampling_is_the_strided_convolution(self, scope, family):
        """With the operator that starts as subsampling the converted network computes what the host's does."""
        scope(family.host)
        stock = build(family)
        assert_same(family, without_pools(family, stock, 'StridedConv'), stock)

    def test_space_to_depth_computes_what_the_host_does(self, scope, family):
        """A pretrained network loses nothing in the conversion."""
        scope(family.host)
        stock = build(family)
        if any(pads_itself(stock.get_submodule(strided)) for strided in family.converted):
            with pytest.raises(ValueError, match='SPDConv: expected a plain square convolution'):
                convert(family, 'SPDConv')
        else:
            assert_same(family, without_pools(family, stock, 'SPDConv'), stock)

    def test_one_training_step_and_two_evaluations(self, scope, family):
        scope(family.host)
        converted = convert(family, 'TIPS')
        x = image(converted, 2, SMALL.get(family.cfg['base'], [(64, 96)])[0])
        lacking = without_gradient(converted, x)
        assert not lacking or lacking == without_gradient(build(family), x)
        converted.eval()
        with torch.no_grad():
            first, second = maps(converted, x), maps(converted, x)
        assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def test_the_table_has_every_family():
    """What the documentation promises for either host."""
    bases = {family.cfg['base'] for family in FAMILIES}
    assert bases >= {
        'ResNet', 'ResNetV1c', 'ResNetV1d', 'ResNeXt', 'SEResNet', 'SEResNeXt', 'Res2Net', 'ResNeSt', 'RegNet',
        'ResNet_CIFAR', 'VGG', 'DenseNet', 'MobileNetV2', 'MobileNetV3', 'EfficientNet', 'ShuffleNetV2', 'HRNet',
        'ConvNeXt', 'UNet', 'STDCNet', 'BiSeNetV1', 'BiSeNetV2', 'FastSCNN', 'CGNet', 'ICNet', 'ERFNet'}


def test_a_converted_network_refuses_to_be_merged(scope):
    scope('mmpretrain')
    converted = MODELS.build(dict(type='TIPSBackbone', base='RepVGG', arch='A0'))
    keys = set(converted.state_dict())
    for module in (converted, converted.stage_1[0], copy.deepcopy(converted)):
        with pytest.raises(RuntimeError, match='would lose the operators that this network'):
            module.switch_to_deploy()
    assert set(converted.state_dict()) == keys  # not even in part


def test_the_documentation_has_the_table():
    """Renew it with ``make readme``."""
    assert family_table() in PAGE.read_text()


def test_names_are_unique():
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names)


def test_no_operator_is_a_child_of_a_sequence(scope):
    """It would be run as one of its steps."""
    for family in FAMILIES:
        scope(family.host)
        if family.cfg['base'] in ('HRNet', 'ConvNeXt', 'DDRNet'):
            for path, module in convert(family, 'MaxPool').named_modules():
                if isinstance(module, nn.Sequential):
                    assert not {'downsampler', 'output_downsampler'} & set(dict(module.named_children())), path
