# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtips.downsampling import APS, TIPS, BlurPool, build_downsampler, functional
from mmtips.evaluation import bias_table, mean_bias, selection_counts, weight_counts
from tests.operators import OPERATORS

# Two channels of 2 x 4 pixels: windows (1 2 / 3 4), (5 5 / 5 5) constant, (0 -1 / -2 -4), (7 7 / 1 0).
MAP = torch.tensor([[[1., 2, 5, 5], [3, 4, 5, 5]], [[0, -1, 7, 7], [-2, -4, 1, 0]]])[None]


def naive(x, y, weights, stride, tolerance=1e-5):
    """Window by window: hits, weight on the maximum, windows."""
    hits = mass = total = 0
    for c in range(x.shape[1]):
        for i in range(x.shape[2] // stride):
            for j in range(x.shape[3] // stride):
                pixels = [float(x[0, c, stride * i + a, stride * j + b]) for a in range(stride) for b in range(stride)]
                scale = max(abs(pixel) for pixel in pixels)
                if max(pixels) - min(pixels) <= tolerance * scale:
                    continue
                total += 1
                hits += abs(float(y[0, c, i, j]) - max(pixels)) <= tolerance * scale
                own = weights[0, c if weights.shape[1] > 1 else 0, :, i if weights.shape[3] > 1 else 0,
                              j if weights.shape[4] > 1 else 0]
                mass += sum(float(w) for w, pixel in zip(own, pixels, strict=True) if pixel == max(pixels))
    return [[hits, total], [mass, total]]


def test_selection_by_hand():
    y = torch.tensor([[[4., 5]], [[-1, 7]]])[None]  # the maximum, a constant window, another pixel, the maximum
    assert selection_counts(MAP, y, 2).tolist() == [[2, 3]]
    assert selection_counts(MAP, y + 1e-3, 2).tolist() == [[0, 3]]
    assert selection_counts(MAP, y + 1e-3, 2, tolerance=1e-2).tolist() == [[2, 3]]


def test_weight_by_hand():
    weights = torch.tensor([.1, .2, .3, .4]).reshape(1, 1, 4, 1, 1)
    # 4 is the last pixel, 0 the first; the two sevens add up.
    counts = weight_counts(MAP, weights, 2)
    assert counts[0].tolist() == pytest.approx([.4 + .1 + .3, 3])
    of_each = torch.zeros(1, 2, 4, 1, 2)
    of_each[0, 0, 3, 0, 0], of_each[0, 1, 0, 0, 1] = 1, .5
    assert weight_counts(MAP, of_each, 2).tolist() == [[1.5, 3]]


def test_incomplete_windows_and_small_maps_are_left_out():
    x = torch.rand(2, 3, 5, 7)
    y = F.max_pool2d(x, 2, ceil_mode=True)
    assert selection_counts(x, y, 2).tolist() == [[18, 18]] * 2
    assert selection_counts(x[..., :1], y[..., :1], 2).tolist() == [[0, 0]] * 2
    assert weight_counts(x[..., :1], torch.ones(1, 1, 4, 1, 1), 2).tolist() == [[0, 0]] * 2
    assert selection_counts(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 2, 2), 2).tolist() == [[0, 0]]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), stride=st.integers(2, 4), height=st.integers(1, 9), width=st.integers(1, 9),
       shared=st.booleans())
def test_against_a_second_implementation(seed, stride, height, width, shared):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 3, (1, 2, height, width), generator=generator).float()  # ties, and constant windows
    y = torch.randint(0, 3, (1, 2, -(-height // stride), -(-width // stride)), generator=generator).float()
    sides = (1, 1) if shared else tuple(y.shape[-2:])
    weights = torch.rand(1, 1 if shared else 2, stride**2, *sides, generator=generator)
    counts = torch.cat([selection_counts(x, y, stride), weight_counts(x, weights, stride)])
    torch.testing.assert_close(counts, torch.tensor(naive(x, y, weights, stride), dtype=torch.float64))


@torch.no_grad()
def test_known_answers_on_uniform_noise():
    x = torch.rand(8, 16, 32, 32, generator=torch.Generator().manual_seed(0))
    first = torch.eye(4)[0].reshape(1, 1, 4, 1, 1)

    def share(counts):
        hits, total = counts.sum(0).tolist()
        assert total == 8 * 16 * 16 * 16
        return hits / total

    assert share(selection_counts(x, F.max_pool2d(x, 2), 2)) == 1
    assert share(selection_counts(x, F.avg_pool2d(x, 2), 2)) == 0
    assert share(selection_counts(x, x[..., ::2, ::2], 2)) == pytest.approx(.25, abs=.01)
    assert share(weight_counts(x, first, 2)) == pytest.approx(.25, abs=.01)
    assert share(weight_counts(x, torch.full((1, 1, 4, 1, 1), .25), 2)) == .25
    # One channel each: with many channels the phase of the largest norm is no better than any other.
    alone = x.reshape(128, 1, 32, 32)
    aps = APS(1).eval()
    assert share(selection_counts(alone, aps(alone), 2)) == pytest.approx(.27, abs=.01)
    assert share(weight_counts(alone, aps.mixing_weights(alone), 2)) == pytest.approx(.27, abs=.01)
    torch.manual_seed(0)
    tips = TIPS(16).eval()
    assert share(selection_counts(x, tips(x), 2)) == 0
    tau = tips.mixing_weights(x)
    at = (F.pixel_unshuffle(x, 2).unflatten(1, (16, 4)) == F.max_pool2d(x, 2)[:, :, None]).double()
    assert share(weight_counts(x, tau, 2)) == pytest.approx(float((at * tau).sum(2).mean()), abs=1e-7)
    assert share(weight_counts(x, tau, 2)) == pytest.approx(.25, abs=.01)


def test_a_pool_is_measured_over_its_own_windows():
    x = torch.randn(2, 3, 11, 12)
    y = F.max_pool2d(x, 3, 2, 1)
    counts = selection_counts(x, y, 2, window_max=lambda map_: F.max_pool2d(map_, 3, 2, 1))
    assert counts.tolist() == [[3 * 36, 3 * 36]] * 2


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_rounding_is_no_difference(dtype):
    x = torch.rand(1, 2, 8, 8, dtype=torch.float64)
    y = F.max_pool2d(x, 2).to(dtype)
    hits, total = selection_counts(x.to(dtype), y * (1 + torch.finfo(dtype).eps), 2)[0]
    assert hits == total > 0


def test_bad_input():
    x, y = torch.rand(1, 2, 4, 4), torch.rand(1, 2, 2, 2)
    with pytest.raises(ValueError, match=r'y: expected one output for each of the \(1, 2, 2, 2\) windows'):
        selection_counts(x, y[:, :1], 2)
    with pytest.raises(ValueError, match='x: expected a floating map'):
        selection_counts(x[0], y, 2)
    with pytest.raises(ValueError, match='stride: expected an integer >= 2, got 1'):
        weight_counts(x, y, 1)
    with pytest.raises(ValueError, match=r'weights: expected the shape \(N, C, 4, h, w\), got \(1, 2, 2, 2\)'):
        weight_counts(x, y, 2)
    with pytest.raises(ValueError, match='counts: expected the shape'):
        bias_table([dict(path='a')], torch.zeros(2, 3, 2))


def test_table_and_mean_by_hand():
    sites = [dict(path=path, operator='x', stride=2) for path in 'abc']
    counts = torch.tensor([[[1, 4], [1, 2], [0, 0]], [[3, 4], [3, 3], [1, 8]], [[0, 0], [0, 0], [0, 0]]]).double()
    table = bias_table(sites, counts)
    assert table[0] == dict(path='a', operator='x', stride=2, selection=.25, weight=.5, aliasing=None)
    assert [site['aliasing'] for site in table] == [None, .125, None]
    assert mean_bias(table) == dict(selection=.5, weight=.75)
    assert mean_bias([dict(table[0], weight=None), table[1]]) == dict(selection=.5, weight=None)
    assert mean_bias(table[2:]) == dict(selection=None, weight=None)


@pytest.mark.parametrize('size', [(8, 12), (9, 7)])
@pytest.mark.parametrize('stride', [2, 3])
@pytest.mark.parametrize('name', OPERATORS)
def test_mixing_weights(name, stride, size):
    """All are known but those of learned taps; where the window is the cell, they give the output."""
    torch.manual_seed(0)
    operator = build_downsampler(OPERATORS[name], 4, stride)
    x = torch.randn(2, 4, *size)
    assert operator.mixing_weights(x) is None  # in training
    operator.eval()
    weights, y, cells = operator.mixing_weights(x), operator(x), operator.cells(x)
    if OPERATORS[name]['type'] in ('StridedConv', 'SPDConv'):
        assert weights is None
        return
    assert (weights >= 0).all()
    assert (weights.sum(2) <= 1 + 1e-6).all()
    rows, columns = cells.shape[-2] // stride, cells.shape[-1] // stride
    assert selection_counts(cells, y, stride).shape == (2, 2)
    assert weight_counts(cells, weights, stride).shape == (2, 2)
    if operator.window_taps <= stride:
        phases = F.pixel_unshuffle(cells[..., :rows * stride, :columns * stride], stride).unflatten(1, (4, -1))
        torch.testing.assert_close((weights[..., :rows, :columns] * phases).sum(2), y[..., :rows, :columns])
        torch.testing.assert_close(weights.sum(2), torch.ones_like(weights.sum(2)))


@pytest.mark.parametrize('stride', [2, 3])
@pytest.mark.parametrize('name', OPERATORS)
def test_mixing_weights_are_what_a_pixel_of_the_cell_adds(name, stride):
    """In the middle of a map, with the choice and the filter as they are: the output is linear in the pixels."""
    torch.manual_seed(0)
    operator = build_downsampler(OPERATORS[name], 2, stride).eval().double()
    x = torch.rand(1, 2, 6 * stride, 6 * stride).double()
    weights = operator.mixing_weights(x)
    if weights is None or name == 'MaxPool':
        return
    frozen = _frozen(operator, x)
    for phase in range(stride**2):
        moved = x.clone()
        moved[..., 3 * stride + phase // stride, 3 * stride + phase % stride] += 1
        added = (frozen(moved) - frozen(x))[..., 3, 3]
        own = weights[:, :, phase].expand(1, 2, 6, 6)[..., 3, 3] if weights.shape[-1] > 1 else \
            weights[:, :, phase, 0, 0].expand(1, 2)
        torch.testing.assert_close(added, own.double())


def _frozen(operator, x):
    """The operator with the weights that it has for ``x``, whatever it is given."""
    if hasattr(operator, 'predict_taps'):
        taps = operator.predict_taps(x)
        operator.predict_taps = lambda _: taps
    if hasattr(operator, 'mix'):
        windows, _ = operator.filter_window(operator.cells(x))
        operator.mix = lambda x, step: functional.window_mix(x, windows, operator.stride, step, operator.padding_mode)
    if getattr(operator, 'chooser', None) is not None:
        weights = operator.chooser(operator.filter(operator.cells(x)), operator.stride)
        operator.chooser.forward = lambda *_: weights
    return operator


def test_a_branch_that_shares_a_phase_knows_it_before_it_runs():
    leader, follower = APS(3).eval(), APS(3).eval()
    follower.follow(leader)
    x = torch.rand(1, 3, 8, 8)
    assert follower.mixing_weights(x) is None  # the leader has not run
    leader(x)
    weights = follower.mixing_weights(-x)
    torch.testing.assert_close(weights, leader.mixing_weights(x))
    y = follower(-x)  # looking at it used nothing up
    torch.testing.assert_close((weights * F.pixel_unshuffle(-x, 2).unflatten(1, (3, 4))).sum(2), y)


def test_the_weights_of_blur_pool_by_hand():
    x = torch.rand(1, 2, 8, 8)
    # 3 x 3 at stride 2 begins one pixel before the cell: (2 1) x (2 1) of (1 2 1) x (1 2 1) are on it.
    taps = BlurPool(2).eval().mixing_weights(x).flatten()
    assert (16 * taps).tolist() == [4, 2, 2, 1]
    # 2 x 2 at stride 3 leaves the third row and column unread.
    taps = BlurPool(2, 3, filter_size=2).eval().mixing_weights(x).flatten()
    assert (4 * taps).tolist() == [1, 1, 0, 1, 1, 0, 0, 0, 0]
