# Copyright (c) mmtips authors. All rights reserved.
"""The released operations are our TIPS but for the two phases that they swap."""

import pytest
import torch

from mmtips.benchmark.released import ReleasedTIPS, shifted
from mmtips.benchmark.tasks import ALPHA, Task, with_released_losses
from mmtips.downsampling import TIPS
from mmtips.downsampling.functional import shift_map, split_phases, tips_features
from mmtips.losses.functional import feature_mixing_loss, undo_loss
from tests.downsampling.witness import Witness

SWAPPED = [0, 2, 1, 3]


def pair(channels=5):
    """Both with the same parameters, in double precision."""
    released, ours = ReleasedTIPS(channels).double(), TIPS(channels).double()
    with torch.no_grad():
        ours.score_weight.copy_(released.score.weight)
        ours.score_scale.copy_(10 * released.scale.weight.flatten())
        released.scale.weight.mul_(10)
    return released, ours


def test_forward():
    released, ours = pair()
    x = torch.randn(3, 5, 12, 8, dtype=torch.double)
    weights = ours.eval().mixing_weights(x).flatten(2)
    assert weights.std() > 0.01  # else any order would do
    expected = (weights[..., SWAPPED, None, None] * split_phases(x, 2)).sum(2)
    torch.testing.assert_close(released.eval()(x), expected)
    torch.testing.assert_close((weights[..., None, None] * split_phases(x, 2)).sum(2), ours(x))


def test_losses():
    released, ours = pair()
    x = torch.randn(2, 5, 16, 16, dtype=torch.double, requires_grad=True)
    out = released.train()(x)
    mixing, undo = released.losses()
    ours.train().observer = observer = Witness(torch.tensor(ReleasedTIPS(5).draw(x)))
    ours(x)
    (weights, our_undo), = observer.seen
    features = tips_features(x, ours.score_weight)
    torch.testing.assert_close(undo, our_undo)
    torch.testing.assert_close(mixing, feature_mixing_loss(weights))
    torch.testing.assert_close(undo, (features - released.target).square().mean())
    assert released.target.requires_grad  # as released: nothing is detached
    # In its value it is our loss at the same shift.
    rows, columns = ReleasedTIPS(5).draw(x)
    torch.testing.assert_close(released.target, shift_map(x, torch.tensor([rows, columns])))
    offset = torch.tensor([(rows + 4.5) / 9, (columns + 4.5) / 9])
    torch.testing.assert_close(undo, undo_loss(features, x, offset))
    released.forget()
    losses = with_released_losses(Task(ReleasedTIPS(5).double())).train()(x)
    assert losses['loss_task'].item() == pytest.approx((1 - ALPHA) * out.float().mean().item(), abs=0.05)
    assert set(losses) == {'loss_task', 'loss_mixing', 'loss_undo'}


@pytest.mark.parametrize('shift', [(0, 0), (2, -3), (-1, 0), (4, 4)])
def test_shift(shift):
    x = torch.randn(1, 2, 9, 8)
    torch.testing.assert_close(shifted(x, *shift), shift_map(x, torch.tensor(shift)), rtol=0, atol=0)


def test_the_copy_is_made_in_eval_too(monkeypatch):
    calls = []
    monkeypatch.setattr('mmtips.benchmark.released.shifted', lambda *args: calls.append(args) or shifted(*args))
    ReleasedTIPS(3).eval()(torch.randn(1, 3, 8, 8))
    assert len(calls) == 1
