# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmtips.draws import crop_size, draw_pairs, generator_of


def test_draws_that_are_recorded_beside_results_stay():
    """Shifts of published results are drawn with it: another order would measure something else."""
    assert draw_pairs(81, 3, True, generator_of(0, 7)).tolist() == [[63, 70], [40, 44], [43, 30]]
    assert torch.rand(2, generator=generator_of(3, 1)).equal(
        torch.rand(2, generator=torch.Generator().manual_seed(3 * 1_000_003 + 1)))


def test_seeds_beyond_what_a_generator_takes():
    assert generator_of(2**62, 5).initial_seed() < 2**63


@given(st.integers(2, 30), st.booleans(), st.integers(0, 1000))
def test_pairs(places, distinct, index):
    drawn = draw_pairs(places, 50, distinct, generator_of(0, index))
    assert drawn.shape == (50, 2)
    assert drawn.min() >= 0
    assert drawn.max() < places
    assert not distinct or (drawn[:, 0] != drawn[:, 1]).all()


def test_every_pair_is_drawn():
    drawn = draw_pairs(3, 500, False, generator_of(1, 0)).tolist()
    assert {tuple(pair) for pair in drawn} == {(one, other) for one in range(3) for other in range(3)}


def test_crop_sizes():
    assert crop_size((64, 80), 4) == (56, 72)
    assert crop_size((64, 83), 4, 16) == (48, 64)
    with pytest.raises(ValueError, match=r'up to 4 pixels leave views of 8 x 8 .* lower max_shift or size_divisor=8'):
        crop_size((16, 20), 4, 8)
