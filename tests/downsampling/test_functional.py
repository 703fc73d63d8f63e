# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtips.downsampling import functional
from mmtips.downsampling.functional import (
    binomial_filter,
    depthwise_conv,
    extend_to_multiple,
    mix_phases,
    pad_border,
    split_phases,
    tips,
    tips_features,
    tips_phase_weights,
)

STRIDES = [2, 3, 4]


def naive_phases(x, s):
    return torch.stack([x[:, :, i::s, j::s] for i in range(s) for j in range(s)], dim=2)


@pytest.mark.parametrize('s', STRIDES)
def test_phases_are_row_major(s):
    x = torch.randn(2, 3, 4 * s, 5 * s)
    assert torch.equal(split_phases(x, s), naive_phases(x, s))


def test_phases_by_hand():
    x = torch.arange(16.).reshape(1, 1, 4, 4)
    assert split_phases(x, 2)[0, 0].tolist() == [[[0, 2], [8, 10]], [[1, 3], [9, 11]], [[4, 6], [12, 14]],
                                                 [[5, 7], [13, 15]]]


@pytest.mark.parametrize('s', STRIDES)
def test_mixing_is_the_weighted_sum_of_the_phases(s):
    x, weights = torch.randn(2, 3, 4 * s, 5 * s).double(), torch.rand(2, 3, s * s).double()
    expected = (weights[..., None, None] * naive_phases(x, s)).sum(2)
    torch.testing.assert_close(mix_phases(x, weights, s), expected)


@pytest.mark.parametrize('s', STRIDES)
def test_one_hot_weights_select_a_phase(s):
    x = torch.randn(2, 3, 4 * s, 4 * s)
    for phase in range(s * s):
        weights = F.one_hot(torch.full((2, 3), phase), s * s).float()
        assert torch.equal(mix_phases(x, weights, s), naive_phases(x, s)[:, :, phase])


@pytest.mark.parametrize(('mode', 'expected'), [('reflect', [1, 0, 1, 2]), ('replicate', [0, 0, 1, 2]),
                                                ('circular', [2, 0, 1, 2])])
def test_extension_is_on_the_left_and_top(mode, expected):
    x = torch.arange(3.).expand(3, 3)[None, None]
    out = extend_to_multiple(x, 2, mode)
    assert out.shape == (1, 1, 4, 4)
    assert out[0, 0, 0].tolist() == expected
    assert torch.equal(extend_to_multiple(x.mT, 2, mode), out.mT)


def test_reflection_equals_torch_padding():
    x = torch.randn(2, 3, 7, 10)
    assert torch.equal(extend_to_multiple(x, 4), F.pad(x, (2, 0, 1, 0), mode='reflect'))


def test_no_copy_where_nothing_is_missing():
    x = torch.randn(1, 2, 6, 6)
    assert extend_to_multiple(x, 3) is x


def test_unknown_padding_modes_are_named():
    with pytest.raises(ValueError, match="'mirror'"):
        extend_to_multiple(torch.zeros(1, 1, 3, 3), 2, 'mirror')
    with pytest.raises(ValueError, match="'mirror'"):
        pad_border(torch.zeros(1, 1, 3, 3), 1, 1, 'mirror')


def test_too_small_a_map_for_its_padding_says_what_to_do():
    with pytest.raises(ValueError, match=r"at least 4 x 4 pixels here, got \(2, 8\).*replicate"):
        pad_border(torch.zeros(1, 1, 2, 8), 3, 3, 'reflect')


@pytest.mark.parametrize(('size', 'row'), [(1, [1]), (2, [1, 1]), (3, [1, 2, 1]), (4, [1, 3, 3, 1]),
                                           (5, [1, 4, 6, 4, 1]), (6, [1, 5, 10, 10, 5, 1]),
                                           (7, [1, 6, 15, 20, 15, 6, 1])])
def test_binomial_filters_by_hand(size, row):
    taps = torch.tensor(row).double()
    torch.testing.assert_close(binomial_filter(size), torch.outer(taps, taps) / sum(row)**2)


@pytest.mark.parametrize('size', [0, 8, 2.0, None])
def test_binomial_filter_sizes_are_checked(size):
    with pytest.raises(ValueError, match='filter_size'):
        binomial_filter(size)


@pytest.mark.parametrize('mode', functional.PADDING_MODES)
@pytest.mark.parametrize('k', [1, 2, 3, 4, 5, 6, 7])
def test_depthwise_conv_at_stride_two_is_the_published_layout(k, mode):
    """Zhang's layers pad floor((k-1)/2) before and ceil((k-1)/2) after, whatever the parity."""
    x, weight = torch.randn(2, 3, 9, 12), torch.randn(3, 1, k, k)
    before, after = (k - 1) // 2, k // 2
    padded = F.pad(x, (before, after, before, after), mode='constant' if mode == 'zeros' else mode)
    torch.testing.assert_close(depthwise_conv(x, weight, 2, mode), F.conv2d(padded, weight, stride=2, groups=3))


def naive_tips(x, weight, scale, s):
    """The published layer, sample by sample and channel by channel."""
    out = []
    for sample in x:
        channels = []
        for c, channel in enumerate(sample):
            h, w = channel.shape
            channel = F.pad(channel[None, None], (-w % s, 0, -h % s, 0), mode='reflect')[0, 0]
            psi = F.conv2d(channel[None, None], weight[c:c + 1], padding=1)[0, 0].clamp(min=0)
            h, w = channel.shape
            scores = [psi[i * h // s:(i + 1) * h // s, j * w // s:(j + 1) * w // s].mean() * scale[c]
                      for i in range(s) for j in range(s)]
            tau = torch.stack(scores).exp()
            tau = tau / tau.sum()
            channels.append(sum(tau[i * s + j] * channel[i::s, j::s] for i in range(s) for j in range(s)))
        out.append(torch.stack(channels))
    return torch.stack(out)


@pytest.mark.parametrize('s', STRIDES)
@pytest.mark.parametrize('size', [(12, 12), (15, 17), (13, 24)])
def test_tips_equals_a_naive_implementation(s, size):
    x = torch.randn(2, 3, *size).double()
    weight, scale = torch.randn(3, 1, 3, 3).double(), 3 * torch.randn(3).double()
    torch.testing.assert_close(tips(x, weight, scale, s), naive_tips(x, weight, scale, s), rtol=0, atol=1e-12)


def test_tips_phase_weights_by_hand():
    features = torch.zeros(1, 1, 4, 4)
    features[0, 0, :2, 2:] = 1  # the upper right quadrant
    weights = tips_phase_weights(features, torch.tensor([torch.log(torch.tensor(3.))]), 2)
    torch.testing.assert_close(weights, torch.tensor([[[1 / 6, 3 / 6, 1 / 6, 1 / 6]]]))


@settings(max_examples=40, deadline=None)
@given(s=st.integers(2, 4), h=st.integers(4, 20), w=st.integers(4, 20), seed=st.integers(0, 2**20))
def test_tips_stays_within_its_window(s, h, w, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, 2, h, w, generator=generator).double()
    weight = torch.randn(2, 1, 3, 3, generator=generator).double()
    scale = 10 * torch.randn(2, generator=generator).double()
    out = tips(x, weight, scale, s)
    phases = naive_phases(extend_to_multiple(x, s), s)
    assert out.shape == (1, 2, -(-h // s), -(-w // s))
    assert (out <= phases.amax(2) + 1e-12).all()
    assert (out >= phases.amin(2) - 1e-12).all()


def test_features_are_a_depthwise_convolution_and_a_relu():
    x, weight = torch.randn(2, 3, 6, 7), torch.randn(3, 1, 3, 3)
    expected = torch.cat([F.conv2d(x[:, c:c + 1], weight[c:c + 1], padding=1) for c in range(3)], 1).relu()
    torch.testing.assert_close(tips_features(x, weight), expected)


@pytest.mark.parametrize(('norm', 'order', 'sign'), [('l1', 1, 1), ('l2', 2, 1), ('linf', torch.inf, 1),
                                                     ('l2_min', 2, -1)])
@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('stride', [2, 3])
def test_phases_are_scored_and_selected_as_if_each_were_cut_out(norm, order, sign, layout, stride):
    x = torch.randn(3, 4, 6, 12).to(memory_format=layout).requires_grad_()
    cut = torch.stack([x[..., i::stride, j::stride] for i in range(stride) for j in range(stride)], 1)
    scores = functional.phase_scores(x, stride, norm)
    torch.testing.assert_close(scores, sign * torch.linalg.vector_norm(cut.flatten(2), order, dim=2))
    per_channel = functional.phase_scores(x, stride, norm, per_channel=True)
    torch.testing.assert_close(per_channel, sign * torch.linalg.vector_norm(cut.flatten(3), order, dim=3).mT)
    index = torch.tensor([0, 3, 1])
    kept = functional.select_phase(x, index, stride)
    assert torch.equal(kept, cut[torch.arange(3), index])
    weights = torch.randn_like(kept)
    ours, cuts = (torch.autograd.grad((of * weights).sum(), x, retain_graph=True)[0]
                  for of in (kept, cut[torch.arange(3), index]))
    assert torch.equal(ours, cuts)


def test_large_maps_are_scored_exactly():
    x = torch.rand(1, 8, 512, 512)
    exact = functional.phase_scores(x.double(), 2)
    torch.testing.assert_close(functional.phase_scores(x, 2).double(), exact, rtol=1e-6, atol=0)
