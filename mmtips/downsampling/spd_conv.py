# Copyright (c) mmtips authors. All rights reserved.
"""SPD-Conv: move pixels into channels, then convolve without a stride."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmtips.downsampling import functional
from mmtips.downsampling.base import Downsampler
from mmtips.downsampling.registry import DOWNSAMPLERS


class SpaceToDepthConv2d(nn.Conv2d):
    """A strided convolution as space-to-depth and a convolution without stride.

    It has the parameters of the strided convolution, in their shape, and beside them ``free_weight``: the taps that the
    strided convolution does not have, zero at the start. So it computes what the strided convolution computes, up to
    rounding, until training gives them a value; the host's initialisation and checkpoints of the strided convolution
    work as before.

    Args:
        convolution: The strided convolution, padded with zeros or circularly. Its parameters are taken over.

    Raises:
        ValueError: If it has another padding mode, or differs between rows and columns.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        pairs: tuple[Any, Any, Any, Any] = (convolution.kernel_size, convolution.stride, convolution.padding,
                                            convolution.dilation)
        own = type(convolution).forward is not nn.Conv2d.forward  # it may pad, or change its weight
        if own or convolution.padding_mode not in ('zeros', 'circular') or any(len(set(pair)) > 1 for pair in pairs):
            raise ValueError(f'SPDConv: expected a plain square convolution with zero or circular padding, got '
                             f'{convolution}')
        super().__init__(convolution.in_channels, convolution.out_channels, *pairs, convolution.groups,
                         convolution.bias is not None, convolution.padding_mode)
        self.weight, self.bias = convolution.weight, convolution.bias
        self.free_weight: nn.Parameter | None
        free = self._cells(torch.ones_like(self.weight)) == 0
        self.register_buffer('free', free, persistent=False)
        self.free_weight = nn.Parameter(torch.zeros_like(free, dtype=self.weight.dtype),
                                        self.weight.requires_grad) if free.any() else None
        self.train(convolution.training)

    def _cells(self, weight: Tensor) -> Tensor:
        return functional.space_to_depth_weight(weight, self.stride[0], int(self.padding[0]), self.dilation[0])

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        if self.free_weight is not None:  # a checkpoint of the strided convolution lacks it, and computes without
            state_dict.setdefault(f'{prefix}free_weight', torch.zeros_like(self.free_weight))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, H, W)`` to what the strided convolution gives, and what the free taps add."""
        weight = self._cells(self.weight)
        if self.free_weight is not None:
            weight = weight + self.free_weight * self.get_buffer('free')
        return functional.space_to_depth_conv(input, weight, self.bias, self.stride[0], self.kernel_size[0],
                                              int(self.padding[0]), self.dilation[0], self.groups, self.padding_mode)


@DOWNSAMPLERS.register_module()
class SPDConv(Downsampler):
    """Space-to-depth, then a convolution without stride (Sunkara & Luo, ECML PKDD 2022, Sec. 3).

    Nothing is thrown away: a cell of s x s pixels becomes s*s times as many channels, which a 1x1 convolution takes
    together. In place of a strided convolution the surgery puts the convolution itself in this form, which computes
    what it did. In place of a pool it starts as the mean of the cell: leave max pools as they are with
    ``sites=dict(stem_pool=None)`` where a pretrained network shall lose nothing.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
    """

    def __init__(self, channels: int, stride: int = 2) -> None:
        super().__init__(channels, stride)
        self.weight = nn.Parameter(torch.empty(channels, channels * stride**2, 1, 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The mean of the cell, channel by channel."""
        size = self.stride**2
        with torch.no_grad():
            self.weight.copy_(torch.eye(self.channels).repeat_interleave(size, 1)[..., None, None] / size)

    @classmethod
    def from_conv(cls, convolution: nn.Conv2d) -> nn.Module:
        """The convolution as space-to-depth and a convolution without stride."""
        return SpaceToDepthConv2d(convolution)

    def cells(self, x: Tensor) -> Tensor:
        """Completed by reflection."""
        return functional.extend_to_multiple(x, self.stride)

    def reduce(self, x: Tensor) -> Tensor:
        """Move pixels into channels and mix them."""
        return F.conv2d(functional.split_phases(self.cells(x), self.stride).flatten(1, 2), self.weight)
