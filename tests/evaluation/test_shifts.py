# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmtips.evaluation import ShiftProtocol, draw_shift_pairs, place_on_canvas, render_view
from mmtips.evaluation.shifts import UNSEEN

PROTOCOLS = ['standard', 'circular']


@given(st.integers(0, 10_000), st.integers(0, 50), st.integers(1, 20), st.integers(1, 8))
def test_the_two_shifts_of_a_pair_are_never_equal(index, seed, max_shift, pairs):
    shifts = draw_shift_pairs(ShiftProtocol('circular', max_shift, pairs, seed), index)
    assert shifts.shape == (pairs, 2, 2)
    assert (shifts[:, 0] != shifts[:, 1]).any(-1).all()
    assert shifts.abs().max() <= max_shift


def test_views_are_the_same_from_run_to_run_and_differ_between_images_and_seeds():
    protocol = ShiftProtocol('standard', 8, 5, seed=3)
    first = [draw_shift_pairs(protocol, index) for index in range(20)]
    torch.rand(7)  # other randomness does not matter
    assert all(torch.equal(draw_shift_pairs(protocol, index), shifts) for index, shifts in enumerate(first))
    assert len({str(shifts.tolist()) for shifts in first}) == 20
    assert not torch.equal(first[0], draw_shift_pairs(ShiftProtocol('standard', 8, 5, seed=4), 0))


def test_every_pair_of_shifts_is_equally_likely():
    """With max_shift 1 there are 9 shifts and 72 ordered pairs of different ones."""
    protocol = ShiftProtocol('circular', 1, 7200)
    counts = torch.zeros(9, 9)
    for first, second in ((draw_shift_pairs(protocol, 0) + 1) * torch.tensor([3, 1])).sum(-1).tolist():
        counts[first, second] += 1
    assert (counts.diagonal() == 0).all()
    off = counts[~torch.eye(9, dtype=torch.bool)]
    # Expected 100 each: chi-squared with 71 degrees of freedom stays below 120 with probability 0.9997.
    assert ((off - 100)**2 / 100).sum() < 120


@pytest.mark.parametrize('name', PROTOCOLS)
@given(st.integers(-2, 2), st.integers(-2, 2), st.integers(10, 20), st.integers(10, 20), st.integers(1, 2))
def test_placing_a_view_back_undoes_its_shift(name, rows, columns, height, width, divisor):
    protocol, shift = ShiftProtocol(name, 2, size_divisor=divisor), torch.tensor([rows, columns])
    image = torch.arange(height * width).reshape(1, height, width)
    view = render_view(image, shift, protocol)
    assert view.shape[-2:] == protocol.view_size((height, width))
    canvas = place_on_canvas(view[0], shift, protocol, (height, width))
    seen = canvas != UNSEEN
    assert torch.equal(canvas[seen], image[0][seen])
    assert seen.sum() == view.numel()


@pytest.mark.parametrize('name', PROTOCOLS)
def test_views_move_the_content_by_the_shift(name):
    protocol = ShiftProtocol(name, 2)
    image = torch.zeros(1, 12, 12)
    image[0, 6, 6] = 1
    still = render_view(image, torch.tensor([0, 0]), protocol)[0].nonzero()[0]
    moved = render_view(image, torch.tensor([2, -1]), protocol)[0].nonzero()[0]
    assert (moved - still).tolist() == [2, -1]


@pytest.mark.parametrize(('name', 'size', 'divisor', 'expected'), [
    ('circular', (32, 48), 16, (32, 48)),
    ('standard', (32, 48), 1, (24, 40)),
    ('standard', (32, 48), 16, (16, 32)),
])
def test_view_sizes(name, size, divisor, expected):
    assert ShiftProtocol(name, 4, size_divisor=divisor).view_size(size) == expected


@pytest.mark.parametrize('name', PROTOCOLS)
@pytest.mark.parametrize('max_shift', [8, 16, 20])
def test_too_large_a_shift_is_refused(name, max_shift):
    with pytest.raises(ValueError, match=f'max_shift={max_shift} is too large for images of 16 x 40'):
        ShiftProtocol(name, max_shift).view_size((16, 40))


def test_standard_views_that_need_not_overlap_are_refused():
    with pytest.raises(ValueError, match=r'views of 8 x 8 pixels .* need not overlap: lower max_shift'):
        ShiftProtocol('standard', 4).view_size((16, 16))


@pytest.mark.parametrize(('options', 'message'), [(dict(name='diagonal'), 'protocol'), (dict(max_shift=0), 'max_shift'),
                                                  (dict(pairs=0), 'pairs'), (dict(size_divisor=1.5), 'size_divisor')])
def test_protocols_are_checked(options, message):
    with pytest.raises(ValueError, match=f'{message}: expected'):
        ShiftProtocol(**(dict(name='standard') | options))
