# Copyright (c) mmtips authors. All rights reserved.
"""What a training with both losses keeps for its backward, against the released operations."""

import pytest
import torch

from mmtips.benchmark.counts import saved_bytes
from mmtips.benchmark.released import ReleasedTIPS
from mmtips.benchmark.tasks import Task, with_losses, with_released_losses
from mmtips.downsampling import TIPS


@pytest.mark.parametrize('shape', [(2, 16, 28, 28), (1, 64, 16, 16)])
def test_at_most_a_third_of_what_the_released_operations_keep(shape):
    x = torch.randn(shape)
    ours = saved_bytes(with_losses(Task(TIPS(shape[1]))), x)
    released = saved_bytes(with_released_losses(Task(ReleasedTIPS(shape[1]))), x)
    assert released >= 2 * x.nbytes
    assert ours <= released / 3
