# Copyright (c) mmtips authors. All rights reserved.
import copy

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from mmtips.downsampling import TIPS, Downsampler
from mmtips.surgery import convert_downsampling, find_sites
from tests.operators import OPERATORS


def build(cfg, **options):
    cfg = cfg | options
    return MODELS.build(dict(type=cfg.pop('base'), **cfg))


def build_tips(cfg, downsampler='TIPS', sites=None, **options):
    """With every site exchanged that ``sites`` does not name, the stem's convolution too."""
    operator = dict(type=downsampler)
    return MODELS.build(dict(type='TIPSBackbone', downsampler=operator,
                             sites=dict(stem_conv=operator) | (sites or {}), **cfg, **options))


def operator_keys(model):
    return {f'{path}.{name}' for path, module in model.named_modules() if isinstance(module, Downsampler)
            for name, _ in module.named_parameters(recurse=False)}


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


@pytest.mark.parametrize('operator', [dict(type='BlurPool'), dict(type='TIPS', keep_max=True)])
def test_the_dense_maximum_stays_at_a_max_pool(operator, scope):
    scope('mmseg')
    converted = MODELS.build(dict(type='TIPSBackbone', base='ResNet', depth=18, downsampler=operator))
    x = torch.randn(1, 64, 9, 9)
    pool = copy.deepcopy(converted.maxpool)
    pool._forward_pre_hooks.clear()  # without the operator of conv1, which this pool carries
    expected = pool.pool(nn.functional.max_pool2d(x, 3, 1, 1))
    assert torch.equal(pool(x), expected)
    published = MODELS.build(dict(type='TIPSBackbone', base='ResNet', depth=18, downsampler=dict(type='TIPS')))
    assert isinstance(published.maxpool, Downsampler)  # TIPS takes the place of the whole pool


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

    def test_operator_at_the_output_of_a_network(self):

        class Net(nn.Module):

            def __init__(self):
                super().__init__()
                self.first = nn.Conv2d(3, 4, 3, stride=2, padding=1)

            def forward(self, x):
                return self.first(x)

        net = Net()
        site, = convert_downsampling(net, dict(type='TIPS'), dict(stem_conv=dict(type='TIPS')))
        assert (site.carrier, site.where, site.channels) == ('first', 'after', 4)
        assert net(torch.randn(1, 3, 9, 9)).shape == (1, 4, 5, 5)
        assert isinstance(net.first.output_downsampler, TIPS)

    def test_stride_three(self):
        net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 4, 3, stride=3, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 1))
        site, = convert_downsampling(net, dict(type='BlurPool'))
        assert (site.carrier, site.channels, site.stride) == ('3', 4, 3)
        assert net(torch.randn(1, 3, 10, 11)).shape == (1, 5, 4, 4)

    @pytest.mark.parametrize('stride', [2, 3, 4])
    @pytest.mark.parametrize(('kernel', 'padding', 'dilation'), [(1, 0, 1), (2, 0, 1), (3, 1, 2), (4, 0, 1), (5, 0, 1),
                                                                 (7, 3, 1)])
    def test_any_geometry_keeps_its_size(self, kernel, padding, dilation, stride):
        """The convolution at stride 1 has n + 1 rows, the operator ceil((n + 1) / s) = floor(n / s) + 1 of them."""
        def build():
            return nn.Sequential(nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, kernel, stride, padding, dilation))
        stock, converted = build(), build()
        convert_downsampling(converted, dict(type='StridedConv'))
        converted.load_state_dict(stock.state_dict(), strict=False)
        for size in range(16, 29):
            x = torch.randn(1, 1, size, 40 - size)
            torch.testing.assert_close(converted(x), stock(x))

    def test_a_chain_of_strided_convolutions(self):
        """Each carries the operator of the one before it, and the last its own at its output."""
        def build():
            return nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, 2, 1), nn.Conv2d(4, 4, 1, 2))
        stock, converted = build(), build()
        operator = dict(type='StridedConv')
        sites = convert_downsampling(converted, operator, dict(stem_conv=operator))
        assert [(site.carrier, site.where) for site in sites] == [('2', 'before'), ('3', 'before'), ('3', 'after')]
        converted.load_state_dict(stock.state_dict(), strict=False)
        x = torch.randn(2, 3, 33, 50)
        torch.testing.assert_close(converted(x), stock(x))

    def test_a_carrier_that_is_itself_replaced(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, 2, 1))
        convert_downsampling(net, dict(type='SPDConv'), dict(stem_conv=dict(type='TIPS')))
        assert isinstance(net[2].downsampler, TIPS)
        assert net(torch.randn(1, 3, 32, 32)).shape == (1, 4, 8, 8)

    def test_sites_that_are_left_may_be_what_no_operator_can_replace(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=(2, 1)), nn.Conv2d(4, 4, 3, stride=2), nn.Conv2d(4, 4, 1))
        sites = convert_downsampling(net, dict(type='TIPS'), {'0': None})
        assert [site.strided for site in sites] == ['1']
        assert net[0].stride == (2, 1)

    def test_no_site(self):
        with pytest.raises(ValueError, match='Sequential: there is no strided convolution and no strided pool'):
            convert_downsampling(nn.Sequential(nn.Conv2d(3, 3, 3)), dict(type='TIPS'))

    def test_twice(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(2))
        convert_downsampling(net, dict(type='TIPS'))
        with pytest.raises(ValueError, match='converted before'):
            convert_downsampling(net, dict(type='BlurPool'))

    @pytest.mark.parametrize(('kernel', 'padding', 'ceil_mode'), [(2, 0, False), (2, 0, True), (3, 0, False),
                                                                  (3, 0, True), (3, 1, False), (3, 1, True),
                                                                  (4, 2, False), (5, 1, False)])
    def test_pools_keep_their_size(self, kernel, padding, ceil_mode):
        def build():
            return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(kernel, 2, padding, ceil_mode=ceil_mode))
        stock, converted = build(), build()
        convert_downsampling(converted, dict(type='TIPS'))
        for size in range(9, 14):
            x = torch.randn(1, 3, size, 20 - size)
            assert converted(x).shape == stock(x).shape

    def test_a_cell_sized_pool_is_what_max_pool_is(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(2))
        x = torch.randn(1, 3, 9, 7)
        expected = net(x)
        convert_downsampling(net, dict(type='MaxPool'))
        assert torch.equal(net(x), expected)

    @pytest.mark.parametrize('pool', [nn.MaxPool2d((3, 1), 2, (1, 0)), nn.MaxPool2d(2, dilation=2)])
    def test_pools_that_no_operator_replaces(self, pool):
        with pytest.raises(ValueError, match='1: do not know how to replace MaxPool2d.*: its kernel is not square, or'):
            convert_downsampling(nn.Sequential(nn.Conv2d(3, 4, 1), pool), dict(type='TIPS'))

    def test_a_network_that_cannot_be_run(self):

        class Net(nn.Module):

            def __init__(self):
                super().__init__()
                self.pool = nn.AvgPool2d(2)

        with pytest.raises(ValueError, match='Net could not be run on an image of shape .*: NotImplementedError'):
            convert_downsampling(Net(), dict(type='TIPS'))

    def test_an_image_of_its_own(self):
        net = nn.Sequential(nn.Flatten(0, 1), nn.Unflatten(0, (2, 5)), nn.AvgPool2d(2), nn.Conv2d(5, 2, 1))
        with pytest.raises(ValueError, match=r'could not be run on an image of shape \(1, 5, 224, 224\)'):
            convert_downsampling(net, dict(type='TIPS'))
        site, = convert_downsampling(net, dict(type='TIPS'), image=torch.empty(2, 5, 8, 8))
        assert site.channels == 5

    def test_oblong_stride(self):
        with pytest.raises(ValueError, match=r'1: stride \(2, 1\) differs'):
            convert_downsampling(nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 4, 3, (2, 1))), dict(type='TIPS'))

    def test_unknown_strided_module(self):

        class Deformable(nn.Module):
            stride = (2, 2)

            def __init__(self):
                super().__init__()
                self.weight = nn.Parameter(torch.zeros(4, 3, 3, 3))

        with pytest.raises(ValueError, match='1: do not know how to take the stride off a Deformable'):
            convert_downsampling(nn.Sequential(nn.Conv2d(3, 3, 1), Deformable()), dict(type='TIPS'))

    def test_failing_operator_leaves_the_backbone_as_it_was(self):
        net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 4, 3, stride=2), nn.Conv2d(4, 4, 1), nn.MaxPool2d(2))
        with pytest.raises(ValueError, match='filter_size'):
            convert_downsampling(net, dict(type='BlurPool', filter_size=9))
        assert net[1].stride == (2, 2)
        assert isinstance(net[3], nn.MaxPool2d)


def test_strides_that_are_no_modules_are_named(monkeypatch):
    """They cannot be exchanged, and whoever converts the network should know."""

    class Mixed(nn.Module):

        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, 2, padding=1)
            self.head = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1))

        def forward(self, x):
            x = self.head(nn.functional.relu(self.conv(x)))
            x = nn.functional.max_pool2d(x[..., 2:-2, 2:-2], 2)
            x = x[..., ::2, ::2] + x[..., 1::2, 1::2]
            return x * x.mean((2, 3), keepdim=True)  # a border, and a global pool, are none

    lines = []
    monkeypatch.setattr('mmtips.surgery.convert.print_log', lambda text, **_: lines.append(text))
    convert_downsampling(Mixed(), dict(type='BlurPool'), dict(stem_conv=dict(type='BlurPool')))
    assert lines == ['downsampling of Mixed: BlurPool: conv; no module, and so left: (forward): max_pool2d, '
                     '(forward): __getitem__']


@pytest.mark.parametrize('name', ['TIPS', 'TIPS-anchor-learned', 'APS', 'LPS', 'DDAC', 'SPDConv'])
def test_other_weights_of_a_seed_are_those_of_the_host(scope, name):
    """What is compared by pairs of a seed starts alike; operators draw of their own, each something else."""
    scope('mmpretrain')

    def initialised(seed, **changes):
        torch.manual_seed(seed)
        model = MODELS.build(dict(type='TIPSBackbone', base='ResNet', depth=18, **changes))
        model.init_weights()
        return model, torch.get_rng_state()

    host, state = initialised(0, downsampler=None)
    converted, own_state = initialised(0, downsampler=OPERATORS[name])
    own, weights = operator_keys(converted), converted.state_dict()
    assert torch.equal(state, own_state)
    assert all(torch.equal(weights[key], value) for key, value in host.state_dict().items())
    other = initialised(1, downsampler=OPERATORS[name])[0].state_dict()
    random = [key for key in own if weights[key].is_floating_point() and weights[key].unique().numel() > 4]
    drawn = [weights[key].flatten()[:8] for key in random]
    assert all(not torch.equal(weights[key], other[key]) for key in random)
    assert all(not torch.equal(a, b) for number, a in enumerate(drawn) for b in drawn[:number])
