# Copyright (c) mmtips authors. All rights reserved.
"""Known answers of the geometry: sizes by brute force, receptive fields by gradient."""

import math
from itertools import product

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from mmtips.downsampling import DOWNSAMPLERS
from mmtips.inspection import describe
from mmtips.inspection.grid import roundings_of, windows_of
from mmtips.surgery import convert_downsampling, convert_padding


def test_sizes_and_dropped_rows_by_brute_force():
    """What torch makes of every geometry, and which row is the last one that it reads: 1,296 cases."""
    cases = 0
    for kernel, stride, padding, dilation in product((1, 2, 3, 5), (1, 2, 3, 4), (0, 1, 2), (1, 2, 3)):
        convolution = nn.Conv2d(1, 1, kernel, stride, padding, dilation)
        nn.init.ones_(convolution.weight)
        for side in range(13, 22):
            rows, _ = windows_of(convolution, (side, side))
            x = torch.zeros(1, 1, side + 2 * padding, 1, requires_grad=True)
            column = nn.functional.conv2d(x, convolution.weight[..., :1], None, (stride, 1), 0, (dilation, 1))
            rounding, _ = roundings_of(convolution, (rows, rows), (side, side), column.shape[2:3] * 2)
            assert rounding.outputs(side) == column.shape[2]
            column.sum().backward()
            assert rounding.dropped(side) == side + 2 * padding - 1 - int(x.grad.flatten().nonzero().max())
            cases += 1
    assert cases == 1296


@pytest.mark.parametrize('geometry', [(3, 2, 1), (4, 2, 1), (2, 2, 0), (4, 4, 0)])
def test_transposed_convolutions(geometry):
    """The window holds all that can reach an output, and touches what does."""
    layer = nn.ConvTranspose2d(1, 1, *geometry)
    nn.init.ones_(layer.weight)
    x = torch.randn(1, 1, 9, 9, requires_grad=True)
    y = layer(x)
    rows, _ = windows_of(layer, (9, 9))
    for place in range(4, y.shape[2] - 4):
        seen = torch.autograd.grad(y[0, 0, place].sum(), x, retain_graph=True)[0][0, 0].sum(1).nonzero().flatten()
        low, high = rows.stride * place + rows.low, rows.stride * place + rows.high
        assert low - 1e-9 <= seen.min() < low + 1
        assert high - 1 < seen.max() <= high + 1e-9


def positive(net):
    """Weights that hide nothing: every path to an output has a gradient above zero."""
    net.eval()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
        if isinstance(module, nn.MaxPool2d):
            module.forward = nn.AvgPool2d(module.kernel_size, module.stride, module.padding).forward
    return net.double()


def seen_by_the_middle(net, side, index):
    """First and last row of the image that the middle of a map sees."""
    x = torch.ones(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    y = net(x)[index]
    middle = y.shape[2] // 2
    y[0, :, middle, middle].sum().backward()
    rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    return middle, int(rows.min()), int(rows.max())


@pytest.mark.parametrize(('depth', 'field'), [(18, 435), (50, 427)])
def test_receptive_field_of_resnets_is_the_support_of_the_gradient(scope, depth, field):
    scope('mmpretrain')
    net = positive(MODELS.build(dict(type='ResNet', depth=depth, base_channels=4, stem_channels=4,
                                     out_indices=(3, ))))
    side = 640
    *_, main, skip = describe(net, (side, side)).changes
    # Behind the last change: the rest of the stage at stride 32.
    behind = {18: 3, 50: 2}[depth] * 64
    middle, first, last = seen_by_the_middle(net, side, 0)
    assert last - first + 1 == field
    assert main.field == (field - behind, ) * 2
    assert main.path.startswith('layer4.0.conv')
    assert skip.path == 'layer4.0.downsample.0'


def test_the_field_of_a_converted_network(scope):
    scope('mmpretrain')
    net = MODELS.build(dict(type='ResNet_CIFAR', depth=18, base_channels=4, stem_channels=4, out_indices=(1, )))
    blur = dict(type='BlurPool', filter_size=5, padding_mode='zeros')
    convert_downsampling(net, blur)
    change = describe(net, (64, 64)).changes[0]
    middle, first, last = seen_by_the_middle(positive(net), 64, 0)
    assert (change.kind, change.kernel, change.step) == ('BlurPool', (5, 5), (2, 2))
    assert last - first + 1 == change.field[0] + 3 * 2 * 2  # three more convolutions of 3 x 3 at stride 2


class Ladder(nn.Module):
    """One of everything that a table can show."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.skip = nn.Conv2d(4, 8, 1, 2)
        self.main = nn.Conv2d(4, 8, (3, 3), 2, 1)
        self.pool = nn.AvgPool2d(2)
        self.up = nn.ConvTranspose2d(8, 8, 2, 2)

    def forward(self, x):
        x = self.stem(x)
        x = self.skip(x) + self.main(x)
        x = self.up(self.pool(x)) + x
        return nn.functional.interpolate(x * x.mean((2, 3), keepdim=True), scale_factor=4, mode='bilinear')


def test_a_row_by_hand():
    stem, skip, main, pool, up, mean, last = describe(Ladder(), (64, 96)).changes
    assert (stem.path, stem.kind, stem.kernel, stem.stride, stem.padding) == ('stem', 'Conv2d', (7, 7), (2, 2), (3, 3))
    assert (stem.size_in, stem.size_out) == ((64, 96), (32, 48))
    assert stem.dropped == (1, 1)                     # (64 + 6 - 7) mod 2
    assert (stem.step, stem.field, stem.offset) == ((2, 2), (7, 7), (-0.5, -0.5))
    assert (stem.parameters, stem.macs) == (4 * 3 * 49, 4 * 3 * 49 * 32 * 48)
    assert stem.im2col_bytes == 4 * 32 * 48 * 49 * 3
    assert stem.indirection_bytes == 8 * 32 * 48 * 49
    assert stem.aliases == 'nothing is filtered before the stride'
    assert (skip.unread, skip.aliases) == (0.75, 'reads some pixels only')
    assert (main.field, main.offset) == ((11, 11), (-1.5, -1.5))
    # From centre 0 at stride 4, the mean of two pixels lies at 2; the cell of 8 pixels is centred on 3.5.
    assert (pool.aliases, pool.field, pool.offset, pool.step) == ('', (15, 15), (-1.5, -1.5), (8, 8))
    assert (up.stride, up.step, up.size_out) == ((0.5, 0.5), (4, 4), (16, 24))
    assert (mean.kind, mean.aliases, mean.unread) == ('mean', '', 0)
    assert mean.field == (math.inf, math.inf)
    assert (last.kind, last.step, last.size_out) == ('interpolate', (1, 1), (64, 96))


def test_grids_that_lie_apart():
    """A mean of two pixels lies between them, every second pixel does not."""

    class Block(nn.Module):

        def __init__(self):
            super().__init__()
            self.main, self.skip = nn.Conv2d(3, 3, 3, 2, 1), nn.AvgPool2d(2)

        def forward(self, x):
            return self.main(x) + self.skip(x)

    assert describe(nn.Sequential(Block(), Block()), (16, 16)).misfits == [('0', 'add', 0.5), ('1', 'add', 1.0)]


def test_resnet_d_has_branches_apart(scope):
    scope('mmseg')
    net = MODELS.build(dict(type='ResNetV1d', depth=18, base_channels=4, stem_channels=4))
    assert [apart for _, _, apart in describe(net, (224, 224)).misfits] == [2, 4, 8]


@pytest.mark.parametrize(('net', 'sizes'), [
    (nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1)), [61, 65]),
    (nn.Sequential(nn.Conv2d(3, 4, 1), nn.MaxPool2d(2), nn.MaxPool2d(2), nn.MaxPool2d(2)), [64]),
    (nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(3, 4, 3, 2, 1)), [62, 66]),
])
def test_recommended_sizes_drop_nothing(net, sizes):
    assert describe(net, (64, 64)).sizes == sizes
    for side in sizes:
        assert all(change.dropped == (0, 0) for change in describe(net, (side, side)).changes)


def test_an_operator_invents_rows_where_a_map_is_no_multiple_of_its_stride():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(3, 2, 1))
    assert describe(net, (64, 64)).sizes == [63, 65]
    convert_downsampling(net, dict(type='TIPS'))
    description = describe(net, (64, 64))
    assert description.sizes == [64]
    assert description.changes[0].guarantee == 'none'


def test_an_image_that_is_too_small():
    with pytest.raises(ValueError, match=r'could not be run on an image of shape \(1, 3, 2, 2\)'):
        describe(nn.Sequential(nn.Conv2d(3, 4, 5)), (2, 2))


OPERATORS = [dict(type=name) for name in DOWNSAMPLERS.module_dict]


@pytest.mark.parametrize('circular', [False, True])
@pytest.mark.parametrize('operator', [*OPERATORS, dict(type='TIPS', anchor='norm')], ids=str)
def test_every_operator_in_a_network(scope, operator, circular):
    """Strides double, whatever pads, crops or shares inside."""
    scope('mmpretrain')
    net = MODELS.build(dict(type='TIPSResNet', depth=18, base_channels=4, stem_channels=4, downsampler=operator,
                            sites=dict(stem_conv=operator)))
    if circular:
        convert_padding(net)
    description = describe(net, (64, 64))
    assert [change.step for change in description.changes] == [(step, step) for step in (2, 4, 8, 8, 16, 16, 32, 32)]
    assert [change.size_out[0] for change in description.changes] == [32, 16, 8, 8, 4, 4, 2, 2]
    assert not any(change.unread for change in description.changes)
    assert description.misfits == []
    if operator['type'] == 'SPDConv':
        assert description.changes[0].macs == 32 * 32 * 4 * 3 * 64  # 7 x 7 taps in 4 x 4 cells of 4 pixels
        assert description.changes[0].aliases == ''


def test_an_aligned_segmentor_stays_whole(scope):
    """Nothing of a run without data is left on the model."""
    scope('mmseg')
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(4, 4, 1))
    convert_downsampling(net, dict(type='APS'))
    net.register_forward_pre_hook(lambda module, args: setattr(module, 'kept', args[0]))
    describe(net, (16, 16))
    assert not hasattr(net, 'kept')


def test_crops_and_borders_are_no_resizes():
    stock = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(3, 2), nn.MaxPool2d(3, 2))
    padded = nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(3, 4, 3, 2))
    whole = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1))
    assert describe(stock, (65, 65)).sizes == [63, 67]
    convert_downsampling(stock, dict(type='MaxPool'))
    assert [change.step[0] for change in describe(stock, (65, 65)).changes] == [2, 4]
    one, other = (describe(net, (64, 64)) for net in (padded, whole))
    assert one.sizes == other.sizes == [63, 65]
    assert [(change.offset, change.field, change.size_out) for change in one.changes if change.path] == [
        (change.offset, change.field, change.size_out) for change in other.changes]


def test_dilated_taps_may_never_meet_some_pixels():
    change, = describe(nn.Sequential(nn.Conv2d(3, 4, 3, 2, 2, 2)), (16, 16)).changes
    assert change.unread == 0.75


def test_a_pool_in_ceil_mode_drops_nothing():
    net = nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), nn.MaxPool2d(2))
    assert describe(net, (61, 61)).sizes == [60, 63]
    for side in range(40, 60):
        changes = describe(net, (side, side)).changes
        assert (changes[1].dropped == (0, 0)) == (side in describe(net, (side, side)).sizes)


def test_columns_alone():
    net = nn.Sequential(nn.Conv2d(3, 4, (1, 3), (1, 2), (0, 1)))
    description = describe(net, (64, 64))
    assert description.changes[0].dropped == (0, 1)
    assert description.sizes == [63, 65]


def test_channels_last_maps_are_not_resized(scope):
    scope('mmpretrain')
    net = MODELS.build(dict(type='ConvNeXt', arch='atto', out_indices=(0, 1, 2, 3)))
    description = describe(net, (224, 224))
    assert [change.step for change in description.changes if change.kind != 'mean'] == [
        (4, 4), (8, 8), (16, 16), (32, 32)]
    assert {change.kind for change in description.changes} == {'Conv2d', 'mean'}  # the mean over each of its outputs
