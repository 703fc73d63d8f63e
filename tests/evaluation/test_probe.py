# Copyright (c) mmtips authors. All rights reserved.
import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS
from torch import nn

from mmtips.downsampling import TIPS, BlurPool, Downsampler, SpaceToDepthConv2d, SPDConv, StridedConv
from mmtips.evaluation import SamplingProbe, bias_table, mean_bias, power_counts, selection_counts, weight_counts
from mmtips.evaluation import probe as probe_module
from mmtips.surgery import convert_downsampling, convert_padding
from tests.operators import OPERATORS


def measured(model, x):
    with SamplingProbe(model) as probe, torch.no_grad():
        model(x)
    return bias_table(probe.sites, probe.counts)


def brief(table):
    return [(site['path'], site['operator'], site['stride']) for site in table]


def test_a_network_by_hand():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Conv2d(4, 4, 3, 1, 1),
                          TIPS(4), nn.AvgPool2d(2)).eval()
    x = torch.rand(1, 3, 32, 40)
    with SamplingProbe(model) as probe, torch.no_grad():
        model(x)
    table = bias_table(probe.sites, probe.counts)
    assert brief(table) == [('0', 'strided convolution', 2), ('2', 'max pool', 2), ('4', 'TIPS', 2),
                            ('5', 'average pool', 2)]
    with torch.no_grad():
        dense = F.conv2d(x, model[0].weight, model[0].bias, padding=1)
        pooled, before = model[:2](x), model[:4](x)
        y = model[4](before)
    first = torch.eye(4)[0].reshape(1, 1, 4, 1, 1)
    expected = torch.stack([
        torch.cat([selection_counts(dense, dense[..., ::2, ::2], 2), weight_counts(dense, first, 2),
                   power_counts(dense, 2)]),
        torch.cat([probe.counts[1, :1], probe.counts[1, :1], power_counts(pooled, 2)]),
        torch.cat([selection_counts(before, y, 2), weight_counts(before, model[4].mixing_weights(before), 2),
                   power_counts(before, 2)]),
        torch.cat([selection_counts(y, F.avg_pool2d(y, 2), 2), weight_counts(y, torch.full((1, 1, 4, 1, 1), .25), 2),
                   power_counts(y, 2)])])
    torch.testing.assert_close(probe.counts, expected)
    assert table[1]['selection'] == table[1]['weight'] == 1
    assert table[0]['selection'] == table[0]['weight']
    assert table[3]['selection'] == 0
    # 4 channels of 8 x 10 outputs, of which no window is constant.
    assert expected[2, :2, 1].tolist() == [4 * 4 * 5] * 2


@pytest.mark.parametrize('options', [dict(padding=1), dict(padding=1, padding_mode='circular'), dict(dilation=2),
                                     dict(groups=3, bias=False)])
@pytest.mark.parametrize('stride', [2, 3, 4])
def test_every_sth_pixel_of_the_dense_map_is_the_convolution(options, stride):
    convolution = nn.Conv2d(3, 6, 3, stride, **options).eval()
    x = torch.rand(1, 3, 13, 18)
    counts = probe_module._convolution(convolution, x, stride)
    assert set(counts) == {'selection', 'weight', 'aliasing'}
    assert all(total > 0 for (_, total), in counts.values())
    with probe_module._AtStrideOne(), torch.no_grad():
        dense = convolution.forward(x)
    torch.testing.assert_close(dense[..., ::stride, ::stride], convolution(x))


def test_a_convolution_that_pads_itself():
    """Its border depends on its stride, which the dense map must keep."""
    from timm.layers.std_conv import StdConv2dSame
    convolution = StdConv2dSame(3, 8, 3, stride=2).eval()
    for size in (16, 17):
        x = torch.rand(1, 3, size, size)
        with probe_module._AtStrideOne() as mode, torch.no_grad():
            dense = convolution.forward(x)
        assert mode.runs == 1
        torch.testing.assert_close(dense[..., ::2, ::2], convolution(x))


@pytest.mark.parametrize('pool', [nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False),
                                  nn.AvgPool2d((3, 2), 2)])
def test_the_weight_of_average_pools(pool):
    site, = measured(pool.eval(), torch.rand(1, 2, 15, 16))
    taps = 9 if pool.kernel_size == 3 else 4 if pool.kernel_size == 2 else 6
    assert site['weight'] == pytest.approx(1 / taps)
    assert site['selection'] < .02


@pytest.mark.parametrize('pool', [nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(2, ceil_mode=True), nn.MaxPool2d((2, 3), 2),
                                  nn.MaxPool2d(3, 2, 1, return_indices=True), nn.MaxPool2d(2, 3)])
def test_a_max_pool_always_takes_the_maximum(pool):
    site, = measured(pool.eval(), torch.randn(2, 3, 13, 17).relu())
    assert (site['selection'], site['weight'], site['operator']) == (1, 1, 'max pool')


def test_sites_without_figures():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, (2, 1), 1), SPDConv(4), SpaceToDepthConv2d(nn.Conv2d(4, 4, 3, 2, 1)),
                          nn.Conv2d(4, 4, 8, 8)).eval()
    table = measured(model, torch.rand(1, 3, 64, 32))
    assert brief(table) == [('0', 'strided convolution', 2), ('1', 'SPDConv', 2), ('2', 'SPDConv', 2),
                            ('3', 'strided convolution', 8)]
    assert all(site[figure] is None for site in table for figure in ('selection', 'weight', 'aliasing'))
    assert mean_bias(table) == dict(selection=None, weight=None)
    assert measured(nn.Conv2d(3, 3, 3).eval(), torch.rand(1, 3, 8, 8)) == []


def test_an_operator_without_known_weights():
    site, = measured(StridedConv(3).eval(), torch.rand(1, 3, 64, 64))
    assert site['selection'] == pytest.approx(.25, abs=.03)  # it starts as plain subsampling
    assert site['weight'] is None
    assert mean_bias([site]) == dict(selection=site['selection'], weight=None)


def test_what_an_operator_is_made_of_is_no_site():
    class Composed(Downsampler):

        def __init__(self):
            super().__init__(3)
            self.inner = nn.AvgPool2d(2)

        def reduce(self, x):
            return self.inner(x)

    assert brief(measured(Composed().eval(), torch.rand(1, 3, 8, 8))) == [('', 'Composed', 2)]


def test_a_module_that_runs_twice_adds_up():
    class Twice(nn.Module):

        def __init__(self):
            super().__init__()
            self.late, self.pool = nn.MaxPool2d(2), BlurPool(3)

        def forward(self, x):
            return self.late(self.pool(first) if (first := self.pool(x)).shape[-1] > 8 else first)

    def counts(size):
        with SamplingProbe(model) as probe:
            model(torch.rand(1, 3, size, size))
        assert [site['path'] for site in probe.sites] == ['pool', 'late']
        return probe.counts[0, 0, 1]

    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.pool = BlurPool(3)

        def forward(self, x):
            return self.pool(x), self.pool(x)

    model = Twice().eval()
    assert counts(16) == 3 * 64
    assert counts(32) == 3 * (256 + 64)
    x = torch.rand(1, 3, 16, 16)
    with SamplingProbe(Pair().eval()) as probe:
        probe.model(x)
    with SamplingProbe(BlurPool(3).eval()) as single:
        single.model(x)
    torch.testing.assert_close(probe.counts, 2 * single.counts)


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU(), TIPS(4)).eval()
    x = torch.rand(2, 3, 16, 16, requires_grad=True)
    before, state = model(x), copy.deepcopy(model.state_dict())
    with SamplingProbe(model) as probe:
        during = model(x)
    assert torch.equal(before, during)
    assert during.requires_grad  # attacks want gradients
    assert not probe.counts.requires_grad
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name])
    with pytest.raises(RuntimeError, match='stop'), SamplingProbe(model):
        raise RuntimeError('stop')
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    assert torch.equal(copy.deepcopy(model)(x), before)
    counts = probe.counts
    model(x)
    assert torch.equal(probe.counts, counts)
    with pytest.raises(ValueError, match='model: expected a model in eval'), SamplingProbe(model.train()):
        pass


def resnet():
    torch.manual_seed(0)
    network = MODELS.build(dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8))
    network.eval()
    return network


@pytest.mark.parametrize('name', ['TIPS', 'TIPS-anchor-taps', 'APS', 'LPS-3', 'DDAC', 'SPDConv', 'BlurPool', 'MaxPool'])
def test_converted_networks(name, scope):
    """Branches that share a phase, carriers and circular padding included."""
    scope('mmpretrain')
    network = resnet()
    convert_downsampling(network, OPERATORS[name])
    convert_padding(network)
    x = torch.rand(1, 3, 64, 64)
    expected = network(x)[0]
    with SamplingProbe(network) as probe:
        assert torch.equal(network(x)[0], expected)
    table = bias_table(probe.sites, probe.counts)
    assert len(table) == 8  # stem, pool, and two branches of three blocks
    assert table[0]['operator'] == 'strided convolution'
    kinds = {site['operator'] for site in table[1:]}
    assert kinds == {OPERATORS[name]['type']}
    mean = mean_bias(table)
    if name == 'MaxPool':
        assert all(site['selection'] == site['weight'] == 1 for site in table[1:])
    elif name == 'SPDConv':
        assert mean == dict(selection=table[0]['selection'], weight=table[0]['weight'])
    else:
        assert 0 < mean['weight'] < 1
    if name == 'APS':  # one-hot: both forms count the same
        assert all(site['selection'] == pytest.approx(site['weight']) for site in table)
    torch.testing.assert_close(network(x)[0], expected)


def test_a_stock_network_and_a_transformer(scope):
    scope('mmpretrain')
    table = measured(resnet(), torch.rand(1, 3, 64, 64))
    assert [site['operator'] for site in table] == ['strided convolution', 'max pool', *['strided convolution'] * 6]
    assert table[1]['selection'] == 1
    assert all(.1 < site['selection'] < .4 and site['aliasing'] > .2 for site in table if site is not table[1])
    swin = MODELS.build(dict(type='mmpretrain.SwinTransformer', arch=dict(
        embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1]), img_size=64, pad_small_map=True))
    swin.eval()
    site, = measured(swin, torch.rand(1, 3, 64, 64))
    assert (site['operator'], site['stride']) == ('strided convolution', 4)
    assert site['selection'] == pytest.approx(1 / 16, abs=.03)
