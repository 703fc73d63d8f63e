# Copyright (c) mmtips authors. All rights reserved.
"""The controls that pool: maximum and mean over the stride cell."""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtips.downsampling import functional
from mmtips.downsampling.base import Downsampler
from mmtips.downsampling.registry import DOWNSAMPLERS


@DOWNSAMPLERS.register_module()
class MaxPool(Downsampler):
    """The maximum of the s x s cell, that is, of the phases; the baseline of the TIPS paper.

    Sizes that are no multiple of s are extended by reflection on the left and top, as in TIPS, so that both cut the
    map into the same cells.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
    """

    aliases = True

    @property
    def keeps_constants(self) -> bool:
        """Yes."""
        return True

    def cells(self, x: Tensor) -> Tensor:
        """Completed by reflection."""
        return functional.extend_to_multiple(x, self.stride)

    def cell_weights(self, x: Tensor) -> Tensor:
        """1 for the maximum, the first one where several are equal."""
        phases = functional.split_phases(self.cells(x), self.stride)
        return torch.zeros_like(phases).scatter_(2, phases.argmax(2, keepdim=True), 1)

    def reduce(self, x: Tensor) -> Tensor:
        """Take the maximum of every cell."""
        x = self.cells(x)
        if x.requires_grad and torch.is_grad_enabled():
            return F.max_pool2d(x, self.stride)  # the gradient goes to the first of several that are equal
        # The same without that: PyTorch's pool looks for the place of each maximum, one by one.
        rows = functools.reduce(torch.maximum, x.unflatten(-2, (-1, self.stride)).unbind(-2))
        return functools.reduce(torch.maximum, rows.unflatten(-1, (-1, self.stride)).unbind(-1))


@DOWNSAMPLERS.register_module()
class AvgPool(Downsampler):
    """The mean of the s x s cell: TIPS with equal weights.

    Every pixel counts once, wherever the cells begin: a circular shift leaves the mean of the output as it is.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
    """

    @property
    def guarantee(self) -> str:
        """The mean stays."""
        return 'pooled'

    @property
    def keeps_constants(self) -> bool:
        """Yes."""
        return True

    def cells(self, x: Tensor) -> Tensor:
        """Completed by reflection."""
        return functional.extend_to_multiple(x, self.stride)

    def cell_weights(self, x: Tensor) -> Tensor:
        """Equal weights."""
        return x.new_full((1, 1, self.stride**2, 1, 1), self.stride**-2)

    def reduce(self, x: Tensor) -> Tensor:
        """Take the mean of every cell."""
        return F.avg_pool2d(self.cells(x), self.stride)
