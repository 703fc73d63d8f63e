# Copyright (c) mmtips authors. All rights reserved.
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtips.evaluation import power_counts


def wave(height, width, down, across):
    """A sinusoid with whole numbers of periods."""
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    return torch.sin(2 * math.pi * (down * rows / height + across * columns / width) + .3).double()[None, None]


@pytest.mark.parametrize(('down', 'across', 'stride', 'share'), [
    (0, 3, 2, 0), (3, 0, 2, 0), (4, 4, 2, 0),  # 4 periods in 16 pixels are right at the limit 1/4: kept
    (5, 0, 2, 1), (0, 5, 2, 1), (1, 5, 2, 1), (5, 5, 2, 1), (8, 0, 2, 1), (0, 8, 2, 1),
    (2, 2, 4, 0), (3, 0, 4, 1), (0, 3, 4, 1),  # the limit is 1/8
])
def test_a_sinusoid_is_on_one_side(down, across, stride, share):
    above, total = power_counts(wave(16, 16, down, across) + 7, stride)[0].tolist()
    assert above / total == pytest.approx(share, abs=1e-9)
    assert total == pytest.approx(float(wave(16, 16, down, across).var(correction=0)))


def test_powers_of_waves_and_channels_add_up():
    x = torch.cat([wave(12, 18, 1, 1) + 3 * wave(12, 18, 0, 8), 2 * wave(12, 18, 5, 0)], dim=1)
    above, total = power_counts(x, 2)[0].tolist()
    assert (above, total) == pytest.approx((.5 * (9 + 4), .5 * (1 + 9 + 4)))


def test_constant_maps_have_no_power():
    x = torch.full((2, 3, 7, 9), .1)
    x[:, 1] = 1e6
    assert power_counts(x, 2).tolist() == [[0, 0], [0, 0]]


def test_white_noise():
    x = torch.randn(4, 32, 64, 64, generator=torch.Generator().manual_seed(0))
    for stride in (2, 4):
        above, total = power_counts(x, stride).sum(0).tolist()
        kept = 2 * (64 // (2 * stride)) + 1  # bins per axis up to the limit, both signs
        assert above / total == pytest.approx(1 - (kept**2 - 1) / (64**2 - 1), abs=.003)
        assert above / total == pytest.approx(1 - stride**-2, abs=.03)


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 13), width=st.integers(1, 13), stride=st.integers(2, 5), seed=st.integers(0, 99))
def test_against_the_whole_spectrum(height, width, stride, seed):
    """The full transform, bin by bin; and Parseval: the total is the variance."""
    x = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(seed)).double()
    above, total = power_counts(x, stride).T
    torch.testing.assert_close(total, x.var((-2, -1), correction=0).sum(1))
    spectrum, expected = torch.fft.fft2(x).abs().square().sum(1) / (height * width)**2, torch.zeros(2).double()
    for i, down in enumerate(torch.fft.fftfreq(height).tolist()):
        for j, across in enumerate(torch.fft.fftfreq(width).tolist()):
            if max(abs(down), abs(across)) > 1 / (2 * stride) + 1e-6:
                expected += spectrum[:, i, j]
    torch.testing.assert_close(above, expected)


def test_half_precision_and_bad_input():
    x = torch.randn(1, 2, 16, 16)
    torch.testing.assert_close(power_counts(x.bfloat16(), 2), power_counts(x, 2), rtol=.02, atol=0)
    for bad, stride in ((x[0], 2), (x, 1), (x.long(), 2)):
        with pytest.raises(ValueError, match='expected a floating map'):
            power_counts(bad, stride)
