# Copyright (c) mmtips authors. All rights reserved.
"""Convolutions that pad by an amount that depends on their stride and on the size of the map ("same" of TensorFlow)."""

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor, nn

from mmtips.inspection.strided import SAME_PADDED, pair, same_padding


class GridPaddedConv2d(nn.Conv2d):
    """Such a convolution at stride 1, padded as at its stride: every s-th pixel of its output is what the stride gave.

    With the padding of stride 1 the sampling grid would move by a pixel wherever a map has an even size.

    Args:
        convolution: The strided convolution. Its parameters are taken over.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        kernel, dilation = pair(convolution.kernel_size), pair(convolution.dilation)
        super().__init__(convolution.in_channels, convolution.out_channels, kernel, 1, 0, dilation, convolution.groups,
                         convolution.bias is not None)
        self.weight, self.bias = convolution.weight, convolution.bias
        self.grid_stride = convolution.stride
        self.train(convolution.training)

    def _border(self, sides: tuple[int, ...]) -> Iterator[int]:
        """Left, right, top, bottom: the odd pixel comes last."""
        for axis in (1, 0):
            reach = (self.kernel_size[axis] - 1) * self.dilation[axis]
            total = same_padding(sides[axis], self.grid_stride[axis], reach)
            yield total // 2
            yield total - total // 2

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, H, W)`` to ``(N, K, n + 1, m + 1)``, of which an operator makes ``ceil(H/s)`` rows."""
        return super().forward(F.pad(input, list(self._border(tuple(input.shape[-2:])))))


def require_replaceable(path: str, convolution: nn.Module) -> None:
    """Raise a ValueError if a convolution does more than pad, such as standardise its weight (NFNets of timm)."""
    if type(convolution).__name__ not in SAME_PADDED:
        raise ValueError(f'{path}: {type(convolution).__name__} does more than pad, which would be lost: keep it with '
                         "placement='before', or leave it with sites={path: None}")
