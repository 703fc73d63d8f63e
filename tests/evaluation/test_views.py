# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmtips.evaluation import (
    PROTOCOLS,
    ShiftProtocol,
    draw_shifts,
    fourier_shift,
    place_on_canvas,
    render_view,
    shift_grid,
)
from mmtips.evaluation.views import UNSEEN, undo_fraction

SIZE = (64, 80)


def pairs_of(protocol, index, size=SIZE):
    return draw_shifts(protocol, index, size).view(-1, 2, 2)


@given(st.integers(0, 10_000), st.integers(0, 50), st.integers(1, 20), st.integers(1, 8))
def test_the_two_shifts_of_a_pair_are_never_equal(index, seed, max_shift, pairs):
    shifts = pairs_of(ShiftProtocol('circular', max_shift, pairs, seed), index)
    assert shifts.shape == (pairs, 2, 2)
    assert (shifts[:, 0] != shifts[:, 1]).any(-1).all()
    assert shifts.abs().max() <= max_shift


def test_views_are_the_same_from_run_to_run_and_differ_between_images_and_seeds():
    protocol = ShiftProtocol('standard', 8, 5, seed=3)
    first = [pairs_of(protocol, index) for index in range(20)]
    torch.rand(7)  # other randomness does not matter
    assert all(torch.equal(pairs_of(protocol, index), shifts) for index, shifts in enumerate(first))
    assert len({str(shifts.tolist()) for shifts in first}) == 20
    assert not torch.equal(first[0], pairs_of(ShiftProtocol('standard', 8, 5, seed=4), 0))


def test_every_pair_of_shifts_is_equally_likely():
    """With max_shift 1 there are 9 shifts and 72 ordered pairs of different ones."""
    protocol = ShiftProtocol('circular', 1, 7200)
    counts = torch.zeros(9, 9)
    for first, second in ((pairs_of(protocol, 0) + 1) * torch.tensor([3, 1])).sum(-1).tolist():
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
    whole = name in ('zero-fill', 'lps')  # what left the image is not seen again
    assert seen.sum() == ((height - abs(rows)) * (width - abs(columns)) if whole else view.numel())


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
    ('zero-fill', (32, 48), 16, (32, 48)),
    ('lps', (32, 48), 1, (32, 48)),
    ('blurpool', (32, 48), 1, (24, 40)),
    ('mASSC', (32, 48), 1, (24, 40)),
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
                                                  (dict(pairs=0), 'pairs'), (dict(size_divisor=1.5), 'size_divisor'),
                                                  (dict(max_shift=0.5), 'max_shift'),
                                                  (dict(max_shift=True), 'max_shift'),
                                                  (dict(subpixel=0), 'subpixel')])
def test_protocols_are_checked(options, message):
    with pytest.raises(ValueError, match=f'{message}: expected'):
        ShiftProtocol(**(dict(name='standard') | options))


@pytest.mark.parametrize(('name', 'size', 'reach', 'view', 'lowest'), [
    ('standard', (128, 128), 8, (112, 112), -8),
    ('circular', (128, 160), 8, (128, 160), -8),
    ('zero-fill', (64, 64), 16, (64, 64), -16),  # a quarter of the side
    ('zero-fill', (128, 96), 24, (128, 96), -24),
    ('lps', (512, 512), 32, (512, 512), -32),
    ('blurpool', (256, 256), 16, (224, 224), -15),  # corners 0 to 31 of the 33 that would fit
    ('mASSC', (128, 256), 16, (96, 224), -16),
])
def test_protocols_as_published(name, size, reach, view, lowest):
    protocol = ShiftProtocol(name)
    assert (protocol.reach(size), protocol.view_size(size)) == (reach, view)
    drawn = torch.cat([draw_shifts(protocol, index, size) for index in range(2000)])
    assert (drawn.min().item(), drawn.max().item()) == (lowest, reach)
    assert ShiftProtocol(name).pairs == 5


def test_blurpool_crops_by_hand():
    """Two crops of 224 out of 256, with corners from 0 to 31."""
    image = torch.arange(256 * 256).view(1, 256, 256)
    shift = torch.tensor([16, -15])
    assert render_view(image, shift, ShiftProtocol('blurpool'))[0, 0, 0] == image[0, 0, 31]


def test_lps_begins_with_the_unshifted_image():
    shifts = draw_shifts(ShiftProtocol('lps', 4), 0, (32, 32))
    assert shifts.shape == (6, 2)
    assert shifts[0].tolist() == [0, 0]
    assert shifts[1:].any()


def test_zeros_move_in():
    image = torch.ones(1, 3, 3)
    assert render_view(image, torch.tensor([1, -1]), ShiftProtocol('zero-fill', 1)).tolist() == \
        [[[0, 0, 0], [1, 1, 0], [1, 1, 0]]]


def test_a_grid_of_shifts_by_hand():
    assert shift_grid(3, 2).tolist() == [[y, x] for y in (-2, 0, 2) for x in (-2, 0, 2)]
    assert len(shift_grid(8)) == 289
    with pytest.raises(ValueError, match='step: expected an integer from 1 to 2 .max_shift., got 3'):
        shift_grid(2, 3)


def bandlimited(y, x, height=12, width=10):
    return torch.cos(2 * torch.pi * (2 * y / height + 0.1)) * torch.sin(2 * torch.pi * (3 * x / width + 0.2)) + y * 0


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_fourier_shift_is_exact_below_the_nyquist_frequency(rows, columns):
    y, x = torch.meshgrid(torch.arange(12.).double(), torch.arange(10.).double(), indexing='ij')
    moved = fourier_shift(bandlimited(y, x), (rows, columns))
    torch.testing.assert_close(moved, bandlimited(y - rows, x - columns), atol=1e-9, rtol=0)


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(4, 9), st.integers(4, 9))
def test_a_fourier_shift_by_whole_pixels_is_a_roll(rows, columns, height, width):
    image = torch.rand(2, height, width, generator=torch.Generator().manual_seed(height)).double()
    torch.testing.assert_close(fourier_shift(image, (rows, columns)), image.roll((rows, columns), (-2, -1)),
                               atol=1e-9, rtol=0)


@pytest.mark.parametrize('name', ['standard', 'circular'])
def test_quarters_of_a_pixel(name):
    """A view at 5/4 and -3/4 pixels, and scores that are linear, brought back onto the image."""
    protocol = ShiftProtocol(name, 2, subpixel=4)
    y, x = torch.meshgrid(torch.arange(12.).double(), torch.arange(10.).double(), indexing='ij')
    shift = torch.tensor([5, -3])
    view = render_view(bandlimited(y, x)[None], shift, protocol)[0]
    height, width = view.shape
    top, left = (12 - height) // 2, (10 - width) // 2
    expected = bandlimited(y - 1.25, x + 0.75)[top:top + height, left:left + width]
    torch.testing.assert_close(view, expected, atol=1e-9, rtol=0)
    ramp = 2 * y + x  # as the view shows it: moved by 1/4 beyond the whole pixels 1 and -1
    undone = undo_fraction((ramp - 2 * 0.25 - 0.25)[None], shift, protocol)[0]
    torch.testing.assert_close(undone[:-1, :-1], ramp[:-1, :-1])


def test_shifts_by_parts_of_a_pixel_are_drawn_from_all_of_them():
    drawn = torch.cat([draw_shifts(ShiftProtocol('standard', 2, subpixel=4), index, SIZE) for index in range(400)])
    assert drawn.unique().tolist() == list(range(-8, 9))
