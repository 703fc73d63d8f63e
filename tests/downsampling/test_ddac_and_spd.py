# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mmtips.downsampling import DDAC, SPDConv, functional
from mmtips.downsampling.spd_conv import SpaceToDepthConv2d
from mmtips.report import measure_cost


def naive_ddac(operator, x):
    """Location by location, at full resolution, then strided."""
    k, groups, (n, c, h, w) = operator.filter_size, operator.groups, x.shape
    before = max(0, (k - operator.stride + 1) // 2)
    padded = F.pad(x, (before, k - 1 - before, before, k - 1 - before), mode='reflect')
    logits = operator.norm(F.conv2d(padded, operator.filter_weight))
    out = torch.zeros_like(x)
    for i in range(h):
        for j in range(w):
            taps = logits[:, :, i, j]
            taps = taps.softmax(1).reshape(n, groups, k * k) if operator.legacy else \
                taps.reshape(n, groups, k * k).softmax(2)
            for channel in range(c):
                patch = padded[:, channel, i:i + k, j:j + k].flatten(1)
                out[:, channel, i, j] = (taps[:, channel // (c // groups)] * patch).sum(1)
    return out[..., ::operator.stride, ::operator.stride]


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize(('stride', 'filter_size'), [(2, 3), (2, 5), (3, 3)])
def test_ddac_equals_the_loop_over_locations(stride, filter_size, legacy):
    operator = DDAC(4, stride, groups=2, filter_size=filter_size, legacy=legacy).double().eval()
    with torch.no_grad():
        operator.norm.running_mean.normal_()
        operator.norm.running_var.uniform_(0.5, 2)
    x = torch.randn(2, 4, 7, 8).double()
    torch.testing.assert_close(operator(x), naive_ddac(operator, x))


@pytest.mark.parametrize('groups', [1, 2, 8])
def test_gain_is_one_and_one_over_groups_in_the_released_code(groups):
    x = torch.full((2, 8, 6, 6), 3.)
    torch.testing.assert_close(DDAC(8, groups=groups)(x), torch.full((2, 8, 3, 3), 3.))
    legacy = DDAC(8, groups=groups, legacy=True)(x)
    torch.testing.assert_close(legacy.mean(1), torch.full((2, 3, 3), 3. / groups))


def test_groups_that_do_not_divide_the_channels():
    assert DDAC(12, groups=8).groups == 4
    assert DDAC(7, groups=8).groups == 1


@settings(max_examples=60, deadline=None)
@given(kernel=st.integers(1, 7), stride=st.integers(2, 4), padding=st.integers(0, 3), dilation=st.integers(1, 2),
       groups=st.sampled_from([1, 2]), mode=st.sampled_from(['zeros', 'circular']), height=st.integers(13, 18),
       width=st.integers(13, 18))
def test_space_to_depth_equals_the_strided_convolution(kernel, stride, padding, dilation, groups, mode, height, width):
    convolution = nn.Conv2d(4, 6, kernel, stride, padding, dilation, groups, padding_mode=mode).double()
    x = torch.randn(2, 4, height, width).double()
    torch.testing.assert_close(SpaceToDepthConv2d(convolution)(x), convolution(x))


@pytest.mark.parametrize(('kernel', 'padding', 'side'), [(2, 0, 1), (3, 1, 2), (1, 0, 1), (7, 3, 4)])
def test_sizes_of_the_published_conversions(kernel, padding, side):
    weight = functional.space_to_depth_weight(torch.randn(5, 3, kernel, kernel), 2, padding)
    assert weight.shape == (5, 12, side, side)


def test_checkpoints_of_both_forms_load():
    strided = nn.Conv2d(3, 5, 3, 2, 1)
    other = SpaceToDepthConv2d(nn.Conv2d(3, 5, 3, 2, 1))
    nn.init.normal_(other.free_weight)
    other.load_state_dict(strided.state_dict())
    x = torch.randn(1, 3, 9, 10)
    torch.testing.assert_close(other(x), strided(x))
    nn.init.normal_(other.free_weight)
    again = SpaceToDepthConv2d(nn.Conv2d(3, 5, 3, 2, 1))
    again.load_state_dict(other.state_dict())
    assert torch.equal(again(x), other(x))


@pytest.mark.parametrize('mode', ['zeros', 'circular'])
@pytest.mark.parametrize(('kernel', 'padding', 'dilation'), [(1, 0, 1), (3, 1, 1), (7, 3, 1), (3, 2, 2)])
def test_a_converted_convolution_exports_with_dynamic_sizes(mode, kernel, padding, dilation):
    convolution = nn.Conv2d(3, 4, kernel, 2, padding, dilation, padding_mode=mode)
    sides = {2: torch.export.Dim('height', min=64, max=512), 3: torch.export.Dim('width', min=64, max=512)}
    program = torch.export.export(SpaceToDepthConv2d(convolution).eval(), (torch.randn(1, 3, 64, 70), ),
                                  dynamic_shapes=(sides, )).module()
    for size in ((64, 70), (75, 65)):
        x = torch.randn(1, 3, *size)
        torch.testing.assert_close(program(x), convolution(x), atol=1e-5, rtol=1e-4)


def test_filters_of_locations_stay_small_under_autocast():
    operator, x = DDAC(8).eval(), torch.randn(1, 8, 12, 12)
    with torch.autocast('cpu', torch.bfloat16):
        out = operator(x)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), operator(x), atol=0.05, rtol=0.05)


def test_free_taps_learn_what_the_strided_convolution_could_not():
    """Of the 4 x 4 pixels that a window of two cells meets, the strided 3x3 convolution has taps for nine."""
    convolution = SpaceToDepthConv2d(nn.Conv2d(1, 1, 3, 2, 1, bias=False))
    x = torch.randn(1, 1, 8, 8)
    convolution(x).square().sum().backward()
    assert (convolution.free_weight.grad != 0).sum() == 16 - 9
    assert SpaceToDepthConv2d(nn.Conv2d(1, 1, 2, 2)).free_weight is None


def test_spd_starts_as_the_mean_of_the_cell():
    x = torch.randn(2, 3, 6, 8)
    torch.testing.assert_close(SPDConv(3)(x), F.avg_pool2d(x, 2))


def test_spd_refuses_what_it_cannot_convert():
    with pytest.raises(ValueError, match='expected a plain square convolution with zero or circular padding'):
        SPDConv.from_conv(nn.Conv2d(3, 3, 3, 2, 1, padding_mode='reflect'))
    with pytest.raises(ValueError, match='expected a plain square convolution'):
        SPDConv.from_conv(nn.Conv2d(3, 3, (3, 1), 2))


@pytest.mark.parametrize(('options', 'message'), [
    (dict(groups=0), 'groups: expected an integer >= 1, got 0'),
    (dict(filter_size=1), 'filter_size: expected an integer >= 2, got 1'),
])
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        DDAC(4, **options)


def test_ddac_can_be_counted():
    """Counting multiply-adds traces the model, and in a trace sizes are tensors."""
    assert measure_cost(nn.Sequential(DDAC(4)), (4, 8, 8), repeats=2)['gmacs'] > 0
