# Copyright (c) mmtips authors. All rights reserved.
"""Operators before the convolutions whose strides they take over, or before their block."""

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS
from torch import nn

from mmtips.downsampling import TIPS, Downsampler, build_downsampler
from mmtips.evaluation.probe import SamplingProbe
from mmtips.inspection import record
from mmtips.surgery import PLACEMENTS, convert_downsampling, convert_padding, describe, find_sites, strided_modules
from tests.surgery.test_equivariance import align_decoder, deeplab, move_each, predictions, randomise

SUBSAMPLE, LOW = dict(type='StridedConv'), ('before', 'block')


def chain(kernel=3, padding=1, dilation=1, stride=2):
    return nn.Sequential(nn.Conv2d(2, 3, 1), nn.Conv2d(3, 4, kernel, stride, padding, dilation), nn.ReLU(),
                         nn.Conv2d(4, 2, 1)).eval()


def resnet(placement, operator='BlurPool', depth=50, base='ResNet', **options):
    choice = dict(type=operator, placement=placement)
    model = MODELS.build(dict(type='TIPSBackbone', base=base, depth=depth, base_channels=4, stem_channels=4,
                              downsampler=choice, sites=dict(stem_conv=choice), **options))
    model.eval()
    return model


def operators(model):
    return [path for path, module in model.named_modules() if isinstance(module, Downsampler)]


def macs(model):
    return sum(step.macs for step in record(model).steps)


class TestBefore:

    @pytest.mark.parametrize('stride', [2, 3, 4])
    @pytest.mark.parametrize(('kernel', 'padding', 'dilation'), [(1, 0, 1), (3, 1, 1), (5, 2, 1), (3, 2, 2), (7, 3, 1)])
    def test_the_convolution_runs_on_what_the_operator_leaves(self, kernel, padding, dilation, stride):
        stock, converted = (chain(kernel, padding, dilation, stride) for _ in range(2))
        site, = convert_downsampling(converted, SUBSAMPLE | dict(placement='before'))
        assert (site.carrier, site.where, site.channels, site.placement) == ('1', 'before', 3, 'before')
        converted.load_state_dict(stock.state_dict(), strict=False)
        for size in range(11, 18):
            x = torch.randn(1, 2, size, 28 - size)
            low = stock[0](x)[..., ::stride, ::stride]  # what StridedConv does at its start
            expected = stock[3](F.relu(F.conv2d(low, stock[1].weight, stock[1].bias, 1, padding, dilation)))
            assert expected.shape == stock(x).shape
            torch.testing.assert_close(converted(x), expected)

    @pytest.mark.parametrize(('kernel', 'padding'), [(2, 0), (3, 0), (4, 1), ((3, 1), 1)])
    def test_a_convolution_that_would_change_the_size(self, kernel, padding):
        net = chain(kernel, padding)
        with pytest.raises(ValueError, match=r"1: placement='before' keeps the size only where .* half its kernel .*, "
                                             r"and this one has kernel_size=.* and padding=.*: leave it as it is"):
            convert_downsampling(net, SUBSAMPLE | dict(placement='before'))
        assert net[1].stride == (2, 2)
        convert_downsampling(net, SUBSAMPLE | dict(placement='before'), {'1': SUBSAMPLE})

    def test_padding_that_depends_on_the_size(self):
        """At stride 1 it is that of half a kernel."""
        adaptive = pytest.importorskip('mmcv.cnn.bricks').Conv2dAdaptivePadding
        net = nn.Sequential(nn.Conv2d(3, 3, 1), adaptive(3, 4, 3, 2))
        assert net(torch.zeros(1, 3, 8, 9)).shape == (1, 4, 4, 5)
        convert_downsampling(net, SUBSAMPLE | dict(placement='before'))
        for size in [(8, 9), (7, 12)]:
            x = torch.randn(1, 3, *size)
            expected = F.conv2d(net[0](x)[..., ::2, ::2], net[1].weight, net[1].bias, padding=1)
            torch.testing.assert_close(net(x), expected)

    def test_a_chain_of_every_placement(self):
        """The convolution that has an operator of its own before it does not carry that of the one before it."""
        def build():
            return nn.Sequential(nn.Conv2d(2, 3, 1), nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 5, 3, 2, 1))
        stock, net = build(), build()
        first, second = convert_downsampling(net, SUBSAMPLE, {'3': dict(type='MaxPool', placement='before')})
        assert [(first.carrier, first.where), (second.carrier, second.where)] == [('2', 'after'), ('3', 'before')]
        net.load_state_dict(stock.state_dict(), strict=False)
        x = torch.randn(1, 2, 16, 20)
        expected = F.conv2d(F.max_pool2d(stock[2](stock[1](stock[0](x))), 2), stock[3].weight, stock[3].bias, padding=1)
        torch.testing.assert_close(net(x), expected)

    def test_where_no_place_past_the_convolution_is_known(self):

        class TwoMaps(nn.Module):

            def __init__(self):
                super().__init__()
                self.first = nn.Conv2d(3, 4, 1)
                self.main = nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 3, 2, 1))

            def forward(self, x):
                x = self.main(self.first(x))
                return x, x.relu_()

        net = TwoMaps()
        convert_downsampling(net, dict(type='BlurPool', placement='before'))
        assert operators(net) == ['main.downsampler']


class TestResidualBlocks:

    def test_operators_are_where_they_should_be(self, scope):
        scope('mmpretrain')
        layers = [f'layer{number}.0' for number in (2, 3, 4)]
        expected = {
            'after': ['maxpool.downsampler', 'maxpool.pool', *(f'{layer}.{name}.downsampler' for layer in layers
                                                               for name in ('conv3', 'downsample.0'))],
            'before': ['conv1.downsampler', 'maxpool.pool', *(f'{layer}.{name}.downsampler' for layer in layers
                                                              for name in ('conv2', 'downsample.0'))],
            'block': ['conv1.downsampler', 'maxpool.pool', *(f'{layer}.downsampler' for layer in layers)]}
        assert set(expected) == set(PLACEMENTS)
        for placement, paths in expected.items():
            model = resnet(placement)
            assert sorted(operators(model)) == sorted(paths)
            assert not strided_modules(model)

    @pytest.mark.parametrize('base', ['ResNetV1d', 'Res2Net'])
    @pytest.mark.parametrize('placement', LOW)
    def test_keys_and_sizes_stay(self, scope, base, placement):
        """Pools of a block included, whose work its operator does."""
        scope('mmpretrain')
        more = dict(scales=4, base_width=26) if base == 'Res2Net' else {}
        stock = MODELS.build(dict(type=base, depth=50, base_channels=4, stem_channels=4, **more))
        choice = dict(type='MaxPool', placement=placement)
        converted = copy.deepcopy(stock)
        convert_downsampling(converted, choice, dict(stem_conv=choice))
        assert converted.state_dict().keys() == stock.state_dict().keys()
        assert not strided_modules(converted)
        flows = [record(model, torch.empty(1, 3, 97, 131)) for model in (stock, converted)]
        theirs, ours = ([flow.shapes[number] for number in flow.outputs] for flow in flows)
        assert ours == theirs

    def test_one_operator_for_the_whole_block(self, scope):
        """Every stage after the first reads a reduced map, its skip too."""
        scope('mmpretrain')
        model = resnet('block', 'MaxPool', depth=18)
        stock = MODELS.build(dict(type='ResNet', depth=18, base_channels=4, stem_channels=4))
        stock.eval()
        stock.load_state_dict(model.state_dict())
        for module in strided_modules(stock).values():
            module.stride = 1 if isinstance(module, nn.MaxPool2d) else (1, 1)
        stock.maxpool = nn.MaxPool2d(2)
        x = torch.randn(2, 3, 64, 96)
        expected = stock.maxpool(stock.relu(stock.norm1(stock.conv1(F.max_pool2d(x, 2)))))
        for name in stock.res_layers:
            expected = getattr(stock, name)(expected if name == 'layer1' else F.max_pool2d(expected, 2))
        torch.testing.assert_close(model(x)[-1], expected)

    def test_what_it_costs(self, scope):
        """Before: the strided network and its operators. After: each of its convolutions on s*s times the pixels."""
        scope('mmpretrain')
        stock = MODELS.build(dict(type='ResNet', depth=50, base_channels=16))
        pooled = dict(type='MaxPool')  # it multiplies nothing
        cost = {}
        for placement in PLACEMENTS:
            model = copy.deepcopy(stock)
            convert_downsampling(model, pooled | dict(placement=placement))
            cost[placement] = macs(model)
        # At 224 pixels: 3x3 convolutions of c channels on 28, 14 and 7 pixels.
        sides = ((32, 28), (64, 14), (128, 7))
        low = [9 * c * c * side**2 for c, side in sides]
        first = [2 * c * c * 4 * side**2 for c, side in sides]  # the 1x1 before, of 2c
        assert cost['before'] == macs(stock)
        assert cost['after'] == macs(stock) + 3 * sum(low)
        assert cost['block'] == macs(stock) - 3 * sum(first) // 4
        blurred = copy.deepcopy(stock)
        convert_downsampling(blurred, dict(type='BlurPool', placement='before'), dict(stem_pool=None))
        # 3x3 taps on the branch of c channels and on the skip of 2c.
        assert macs(blurred) == macs(stock) + sum(9 * 3 * c * side**2 for c, side in sides)

    @pytest.mark.parametrize('placement', LOW)
    def test_copies_and_pickles_run_operators_of_their_own(self, scope, placement):
        scope('mmseg')
        model = resnet(placement, 'TIPS', depth=18)
        x = torch.randn(1, 3, 64, 64)
        for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert torch.equal(twin(x)[-1], model(x)[-1])
            with torch.no_grad():
                next(module for module in twin.layer2.modules() if isinstance(module, TIPS)).score_scale.mul_(50)
            assert not torch.equal(twin(x)[-1], model(x)[-1])

    @pytest.mark.parametrize('placement', LOW)
    def test_gradients_reach_every_parameter_and_frozen_stages_stay(self, scope, placement):
        scope('mmseg')
        model = resnet(placement, 'TIPS', depth=18, frozen_stages=2)
        model.train()
        sum(y.square().mean() for y in model(torch.randn(2, 3, 64, 64))).backward()
        learned = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
        assert any('layer3.0' in name and 'downsampler' in name for name in learned)
        assert all(name.startswith(('layer3', 'layer4')) for name in learned)
        assert learned == {name for name, parameter in model.named_parameters() if parameter.requires_grad}


class TestWhatLooksAtIt:

    @pytest.mark.parametrize('placement', LOW)
    def test_description_and_probe(self, scope, placement):
        """No stride is left that aliases, the grids of branches lie on each other, and every operator is measured."""
        scope('mmpretrain')
        model = resnet(placement, 'AvgPool')
        description = describe(model, (64, 96))
        kinds = [change.kind for change in description.changes if max(change.stride) > 1]
        assert set(kinds) == {'AvgPool'}
        assert not any(change.aliases for change in description.changes)
        assert description.misfits == []
        assert max(change.step[0] for change in description.changes) == 32
        with SamplingProbe(model) as probe, torch.no_grad():
            model(torch.randn(1, 3, 64, 96))
        assert [site['operator'] for site in probe.sites] == ['AvgPool'] * len(operators(model))

    def test_subsampling_is_called_by_its_name(self, scope):
        scope('mmpretrain')
        changes = describe(resnet('before', 'StridedConv'), (64, 64)).changes
        assert all(change.aliases for change in changes if max(change.stride) > 1)

    @pytest.mark.parametrize('cfg', [dict(type='APS', antialias=3), dict(type='TIPS', anchor='norm')])
    @pytest.mark.parametrize('placement', LOW)
    def test_exact_with_circular_padding(self, scope, cfg, placement):
        scope('mmpretrain')
        cfg = cfg | dict(placement=placement)
        model = MODELS.build(dict(type='TIPSResNet', depth=18, base_channels=4, stem_channels=4, downsampler=cfg,
                                  sites=dict(stem_conv=cfg)))
        convert_padding(model)
        randomise(model)
        x, shifts = torch.randn(1, 3, 64, 64).double(), torch.tensor([[1, 0], [0, 1], [3, 2], [7, 5], [16, 31]])
        with torch.no_grad():
            still = model(x)[-1].mean((-2, -1))
            moved = model(move_each(x.expand(5, -1, -1, -1), shifts))[-1].mean((-2, -1))
        torch.testing.assert_close(moved, still.expand_as(moved), rtol=1e-10, atol=1e-10)
        assert still.std() > 1e-3

    @pytest.mark.parametrize('placement', LOW)
    def test_an_aligned_decoder(self, scope, placement):
        scope('mmseg')
        model = deeplab(dict(type='APS', placement=placement))
        convert_padding(model)
        align_decoder(model)
        randomise(model)
        x, shifts = torch.randn(1, 3, 48, 64).double(), torch.tensor([[1, 0], [3, 2], [5, 7]])
        still = predictions(model, x)
        assert len(still.unique()) > 1
        moved = predictions(model, move_each(x.expand(3, -1, -1, -1), shifts))
        assert torch.equal(move_each(moved[:, None], -shifts)[:, 0], still.expand_as(moved))


class TestRefusals:

    def test_an_unknown_placement(self):
        for choice, sites in ((dict(type='TIPS', placement='within'), None),
                              (dict(type='TIPS'), {'1': dict(type='TIPS', placement='within')})):
            with pytest.raises(ValueError, match=r"placement: expected one of \('after', .*, 'block'\), got 'within'"):
                convert_downsampling(chain(), choice, sites)

    @pytest.mark.parametrize('placement', LOW)
    def test_space_to_depth(self, placement):
        net = chain()
        with pytest.raises(ValueError, match=f"1: placement='{placement}': SPDConv takes the place of the convolution"):
            convert_downsampling(net, dict(type='SPDConv', placement=placement))
        assert net[1].stride == (2, 2)

    @pytest.mark.parametrize('skip', [None, dict(type='AvgPool', placement='block'), dict(type='BlurPool')])
    def test_a_block_whose_branches_differ(self, scope, skip):
        scope('mmpretrain')
        with pytest.raises(ValueError, match="layer2.0.conv1: placement='block' is one operator for all branches"):
            MODELS.build(dict(type='TIPSResNet', depth=18, downsampler=dict(type='BlurPool', placement='block'),
                              sites=dict(skip=skip)))

    def test_branches_that_are_no_block(self):

        class Branches(nn.Module):

            def __init__(self):
                super().__init__()
                self.first, self.main, self.skip = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3, 2, 1), nn.Conv2d(4, 4, 1, 2)

            def forward(self, x):
                x = self.first(x)
                return self.main(x) + self.skip(x)

        net = Branches()
        with pytest.raises(ValueError, match="main: placement='block': no module reads one map and has all branches"):
            convert_downsampling(net, dict(type='BlurPool', placement='block'))
        assert [site.placement for site in find_sites(net)] == ['after', 'after']
        convert_downsampling(net, dict(type='BlurPool', placement='before'))
        assert operators(net) == ['main.downsampler', 'skip.downsampler']

    def test_an_operator_alone_has_no_placement(self):
        with pytest.raises(TypeError, match=r"expected options among .* got \['placement'\]"):
            build_downsampler(dict(type='BlurPool', placement='before'), 4)
