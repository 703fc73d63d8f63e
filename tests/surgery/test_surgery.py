# Copyright (c) mmtips authors. All rights reserved.
import copy

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from mmtips.downsampling import TIPS, Downsampler
from mmtips.surgery import convert_downsampling, find_sites
from tests.surgery.hosts import CASES, IDS

SIZES = {'UNet': [(64, 96)], 'ResNet_CIFAR': [(32, 32), (29, 35)]}


def build(cfg, **options):
    cfg = cfg | options
    return MODELS.build(dict(type=cfg.pop('base'), **cfg))


def build_tips(cfg, downsampler='TIPS', sites=None, **options):
    """With every site exchanged that ``sites`` does not name, the stem's convolution too."""
    operator = dict(type=downsampler)
    return MODELS.build(dict(type='TIPSBackbone', downsampler=operator,
                             sites=dict(stem_conv=operator) | (sites or {}), **cfg, **options))


def convert_but_for_pools(cfg, sites, downsampler):
    """The stock backbone, its twin with its weights and the host's own pools, and the keys that did not load."""
    stock = build(cfg)
    pools = [site.strided for site in find_sites(stock) if site.kind != 'conv']
    if len(pools) == len(sites):
        pytest.skip('only pools, in whose place an operator computes something else')
    converted = build_tips(cfg, downsampler, dict.fromkeys(pools))
    return stock, converted, converted.load_state_dict(stock.state_dict(), strict=False)


def assert_computes_the_same(converted, stock, sizes, rtol):
    stock.eval(), converted.eval()
    for size in sizes:
        x = torch.randn(1, 3, *size)
        for ours, theirs in zip(converted(x), stock(x), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=rtol, atol=1e-5)


def operator_keys(model):
    return {f'{path}.{name}' for path, module in model.named_modules() if isinstance(module, Downsampler)
            for name, _ in module.named_parameters(recurse=False)}


@pytest.mark.parametrize(('host', 'cfg', 'sites'), CASES, ids=IDS)
class TestHosts:

    def test_sites(self, scope, host, cfg, sites):
        scope(host)
        assert {site.strided: site.carrier for site in find_sites(build(cfg))} == sites

    def test_host_keys_stay_and_load(self, scope, host, cfg, sites):
        scope(host)
        stock, converted = build(cfg), build_tips(cfg)
        missing, unexpected = converted.load_state_dict(stock.state_dict(), strict=False)
        assert not unexpected
        assert set(missing) == operator_keys(converted)
        assert len(missing) == 2 * len(sites)
        assert type(converted) is type(stock)
        for path, module in stock.named_modules():
            if isinstance(module, nn.Conv2d):
                assert type(converted.get_submodule(path)) is type(module)

    @pytest.mark.parametrize('downsampler', ['TIPS', 'BlurPool', 'MaxPool'])
    def test_shapes_equal_the_hosts(self, scope, host, cfg, sites, downsampler):
        scope(host)
        stock, converted = build(cfg), build_tips(cfg, downsampler)
        stock.eval(), converted.eval()
        for size in SIZES.get(cfg['base'], [(64, 64), (65, 97), (97, 131)]):
            x = torch.randn(1, 3, *size)
            assert [y.shape for y in converted(x)] == [y.shape for y in stock(x)]

    def test_convolution_then_subsampling_is_the_strided_convolution(self, scope, host, cfg, sites):
        """With the operator that starts as subsampling the converted network computes what the host's does."""
        scope(host)
        stock, converted, _ = convert_but_for_pools(cfg, sites, 'StridedConv')
        assert_computes_the_same(converted, stock, SIZES.get(cfg['base'], [(65, 97)]), rtol=1e-4)

    def test_space_to_depth_computes_what_the_host_does(self, scope, host, cfg, sites):
        """A pretrained network loses nothing in the conversion, whether it is loaded before or after it."""
        scope(host)
        stock, converted, (missing, unexpected) = convert_but_for_pools(cfg, sites, 'SPDConv')
        assert not unexpected
        assert all(name.endswith('.free_weight') for name in missing)
        assert_computes_the_same(converted, stock, SIZES.get(cfg['base'], [(64, 64), (65, 97)]), rtol=1e-5)

    def test_one_training_step_reaches_every_parameter(self, scope, host, cfg, sites):
        scope(host)
        converted = build_tips(cfg)
        converted.train()
        sum(y.square().mean() for y in converted(torch.randn(2, 3, 64, 64))).backward()
        assert [name for name, parameter in converted.named_parameters() if parameter.grad is None] == []


def test_space_to_depth_is_initialised_as_the_host_does(scope):
    scope('mmpretrain')
    converted = build_tips(dict(base='ResNet', depth=18), 'SPDConv')
    converted.init_weights()
    convolution = converted.layer3[0].conv1
    assert convolution.weight.std().item() == pytest.approx((2 / (9 * 256))**0.5, rel=0.02)  # Kaiming, fan out
    assert not convolution.free_weight.any()


def test_frozen_space_to_depth_stays_frozen(scope):
    scope('mmpretrain')
    converted = build_tips(dict(base='ResNet', depth=18, frozen_stages=2), 'SPDConv')
    learned = [name for name, parameter in converted.named_parameters() if parameter.requires_grad]
    assert learned
    assert all(name.startswith(('layer3', 'layer4')) for name in learned)


def test_depth_is_no_copy(scope):
    """Eight sites at any depth, three more per stage that strides."""
    scope('mmpretrain')
    assert len(find_sites(build(dict(base='ResNet', depth=101)))) == 8


def test_initialisation_of_the_host_leaves_the_operators_alone(scope):
    for host in ('mmseg', 'mmpretrain'):
        scope(host)
        converted = build_tips(dict(base='ResNetV1d', depth=18))
        before = {key: converted.state_dict()[key].clone() for key in operator_keys(converted)}
        converted.init_weights()
        assert all(torch.equal(converted.state_dict()[key], value) for key, value in before.items())


@pytest.mark.parametrize('host', ['mmseg', 'mmpretrain'])
def test_zero_init_residual_still_works(scope, host):
    scope(host)
    converted = build_tips(dict(base='ResNet', depth=50))
    converted.init_weights()
    assert all((block.norm3.weight == 0).all() for block in converted.layer2)


@pytest.mark.parametrize('host', ['mmseg', 'mmpretrain'])
def test_frozen_stages_include_their_operators(scope, host):
    scope(host)
    converted = build_tips(dict(base='ResNetV1c', depth=18, frozen_stages=2))
    for _ in range(2):
        frozen = [name for name, p in converted.named_parameters() if not p.requires_grad]
        assert any('stem' in name and 'downsampler' in name for name in frozen)
        assert {'maxpool.score_weight', 'maxpool.score_scale'} <= set(frozen)
        assert any('layer2.0' in name and 'downsampler' in name for name in frozen)
        assert not any(name.startswith('layer3') for name in frozen)
        converted.train()
    assert not converted.get_submodule('layer2.0.conv2.downsampler').training
    assert converted.get_submodule('layer3.0.conv2.downsampler').training


@pytest.mark.parametrize('host', ['mmseg', 'mmpretrain'])
def test_norm_eval_and_with_cp(scope, host):
    scope(host)
    plain, checkpointed = (build_tips(dict(base='ResNet', depth=18, norm_eval=True, with_cp=cp)) for cp in (0, 1))
    checkpointed.load_state_dict(plain.state_dict())
    x = torch.randn(1, 3, 64, 64)
    for model in (plain, checkpointed):
        model.train()
        assert not model.layer2[0].norm1.training
        model(x)[-1].square().sum().backward()
    for (name, ours), theirs in zip(plain.named_parameters(), checkpointed.parameters(), strict=True):
        if ours.grad is not None:
            torch.testing.assert_close(ours.grad, theirs.grad, msg=name)


def test_blur_pool_keeps_the_dense_maximum_at_a_max_pool(scope):
    scope('mmseg')
    converted = build_tips(dict(base='ResNet', depth=18), 'BlurPool')
    x = torch.randn(1, 64, 9, 9)
    pool = copy.deepcopy(converted.maxpool)
    pool._forward_pre_hooks.clear()  # without the operator of conv1, which this pool carries
    expected = pool.pool(nn.functional.max_pool2d(x, 3, 1, 1))
    assert torch.equal(pool(x), expected)


def test_dense_maximum_of_an_even_kernel_keeps_the_size(scope):
    scope('mmseg')
    converted = build_tips(dict(base='UNet', base_channels=4), 'BlurPool')
    dense = converted.get_submodule('encoder.1.0').max
    x = torch.arange(9.).reshape(1, 1, 3, 3)
    assert dense(x)[0, 0].tolist() == [[4, 5, 5], [7, 8, 8], [7, 8, 8]]


def test_copies_of_a_converted_backbone_run_their_own_operators(scope):
    scope('mmseg')
    converted = build_tips(dict(base='ResNet', depth=18))
    converted.eval()
    twin, x = copy.deepcopy(converted), torch.randn(1, 3, 64, 64)
    assert torch.equal(twin(x)[-1], converted(x)[-1])
    with torch.no_grad():
        twin.get_submodule('layer2.0.conv2.downsampler').score_scale.mul_(50)
    assert not torch.equal(twin(x)[-1], converted(x)[-1])


class TestAnyModule:
    """The converter on modules that are nobody's backbone."""

    def test_unknown_convolution_gets_the_operator_directly_before_it(self):

        class Net(nn.Module):

            def __init__(self):
                super().__init__()
                self.first = nn.Conv2d(3, 4, 3, stride=2, padding=1)

            def forward(self, x):
                return self.first(x)

        net = Net()
        site, = convert_downsampling(net, dict(type='TIPS'))
        assert (site.carrier, site.channels) == ('first', 3)
        assert net(torch.randn(1, 3, 9, 9)).shape == (1, 4, 5, 5)
        assert isinstance(net.first.downsampler, TIPS)

    def test_stride_three(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=3, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 1))
        site, = convert_downsampling(net, dict(type='BlurPool'))
        assert (site.carrier, site.channels, site.stride) == ('2', 4, 3)
        assert net(torch.randn(1, 3, 10, 11)).shape == (1, 5, 4, 4)

    def test_sites_that_are_left_may_be_what_no_operator_can_replace(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=(2, 1)), nn.Conv2d(4, 4, 3, stride=2), nn.Conv2d(4, 4, 1))
        sites = convert_downsampling(net, dict(type='TIPS'), {'0': None})
        assert [site.strided for site in sites] == ['1']
        assert net[0].stride == (2, 1)

    def test_no_site(self):
        with pytest.raises(ValueError, match='Sequential has no strided convolution and no strided pool'):
            convert_downsampling(nn.Sequential(nn.Conv2d(3, 3, 3)), dict(type='TIPS'))

    def test_twice(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.MaxPool2d(2))
        convert_downsampling(net, dict(type='TIPS'))
        with pytest.raises(ValueError, match='converted before'):
            convert_downsampling(net, dict(type='BlurPool'))

    def test_pool_that_floors(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(2))
        x = torch.randn(1, 3, 9, 7)
        expected = net(x)
        convert_downsampling(net, dict(type='MaxPool'))
        assert torch.equal(net(x), expected)

    @pytest.mark.parametrize(('module', 'message'), [
        (nn.MaxPool2d((3, 1), stride=2, padding=(1, 0)), r'1: a pool of kernel \(3, 1\), padding \(1, 0\)'),
        (nn.MaxPool2d(2, stride=2, dilation=2), r'1: a pool of kernel .* and dilation \(2, 2\)'),
        (nn.MaxPool2d(5, stride=2), '1: a pool of kernel 5, stride 2 and padding 0'),
        (nn.Conv2d(4, 4, 4, stride=4), r'1: nothing is known to come after .* \(kernel 4, padding 0\)'),
    ])
    def test_sizes_that_no_operator_gives(self, module, message):
        with pytest.raises(ValueError, match=message):
            convert_downsampling(nn.Sequential(nn.Conv2d(3, 4, 1), module), dict(type='TIPS'))

    def test_pool_inside_an_unknown_block(self):

        class Block(nn.Module):

            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 1)
                self.pool = nn.AvgPool2d(2)

        with pytest.raises(ValueError, match='0.pool: do not know how many channels reach a pool inside a Block'):
            convert_downsampling(nn.Sequential(Block()), dict(type='TIPS'))

    def test_oblong_stride(self):
        with pytest.raises(ValueError, match=r'0: stride \(2, 1\) differs'):
            convert_downsampling(nn.Sequential(nn.Conv2d(3, 4, 3, stride=(2, 1))), dict(type='TIPS'))

    def test_unknown_strided_module(self):

        class Deformable(nn.Module):
            stride = (2, 2)

            def __init__(self):
                super().__init__()
                self.weight = nn.Parameter(torch.zeros(4, 3, 3, 3))

        with pytest.raises(ValueError, match='stride off a Deformable'):
            convert_downsampling(nn.Sequential(Deformable()), dict(type='TIPS'))

    def test_failing_operator_leaves_the_backbone_as_it_was(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.Conv2d(4, 4, 1), nn.MaxPool2d(2))
        with pytest.raises(ValueError, match='filter_size'):
            convert_downsampling(net, dict(type='BlurPool', filter_size=9))
        assert net[0].stride == (2, 2)
        assert isinstance(net[2], nn.MaxPool2d)
