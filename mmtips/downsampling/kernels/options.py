# Copyright (c) mmtips authors. All rights reserved.
"""What is chosen once for an operator, and the little that lies between means of regions and windows."""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from mmtips.downsampling import functional

#: Strides that the Triton kernels are written for: a program holds one sum for each row of a cell.
TRITON_STRIDES = range(2, 5)


class Options(NamedTuple):
    """What an adaptive mix does.

    Attributes:
        stride: The stride s >= 2, side of the cell that a window is centred on.
        taps: Taps per side of the windows, from s to 7.
        step: Step between outputs: s, or 1 to filter at full resolution.
        scores: The regions that are averaged, see :func:`functional.average_regions`.
        padding_mode: Border of the convolution and of windows that reach beyond the map.
        mode: What moves into the shifted target of L_undo, see :func:`functional.shift_map`.
    """

    stride: int
    taps: int
    step: int
    scores: str
    padding_mode: str
    mode: str

    def windows(self, means: Tensor, scale: Tensor) -> Tensor:
        """The windows ``(N, C, taps, taps)`` that the means of the regions give."""
        weights = functional.weights_from_means(means, scale)
        return functional.spread_over_taps(weights, self.taps, self.stride, self._shares(weights))

    def windows_backward(self, grad: Tensor, means: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of :meth:`windows` for the means and for the scale.

        Args:
            grad: ``(N, C, taps, taps)``.
            means: ``(N, C, s*s)`` or ``(N, C, 1)``.
            scale: ``(C,)`` or ``(C, s*s)``.

        Returns:
            Gradients in the shapes of ``means`` and ``scale``.
        """
        weights = functional.weights_from_means(means, scale)
        grad = functional.gather_from_taps(grad, self.taps, self.stride, self._shares(grad)).to(weights.dtype)
        grad = weights * (grad - (grad * weights).sum(-1, keepdim=True))  # of a softmax, from its output
        columns = scale.reshape(len(scale), -1)
        return (grad * columns).sum_to_size(means.shape), \
            (grad * means).sum(0).sum_to_size(columns.shape).reshape(scale.shape)

    def _shares(self, like: Tensor) -> Tensor | None:
        """What taps get of phases, where and in the type of ``like``; None where each phase has one tap."""
        return None if self.taps == self.stride else kept_shares(self.taps, self.stride, like.device, like.dtype)


@lru_cache
def kept_shares(taps: int, stride: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """:func:`functional.tap_shares`, kept: a GPU would wait for each copy, and could not record it in a graph."""
    with torch.inference_mode(False):
        return functional.tap_shares(taps, stride).to(device, dtype).contiguous()
