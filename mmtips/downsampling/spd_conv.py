# Copyright (c) mmtips authors. All rights reserved.
"""SPD-Conv: move pixels into channels, then convolve without a stride."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmtips.downsampling import functional
from mmtips.downsampling.base import Downsampler
from mmtips.downsampling.registry import DOWNSAMPLERS


class SpaceToDepthConv2d(nn.Module):
    """A strided convolution as space-to-depth and a convolution without stride, lossless in both directions.

    It computes what the strided convolution computes, up to rounding, until training gives the taps that were not there
    a value. Checkpoints of the strided convolution load into it.

    Args:
        convolution: The strided convolution, padded with zeros or circularly.

    Raises:
        ValueError: If it has another padding mode, or differs between rows and columns.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        pairs: Any = (convolution.stride, convolution.kernel_size, convolution.padding, convolution.dilation)
        shape = [set(pair) for pair in pairs]
        if convolution.padding_mode not in ('zeros', 'circular') or any(len(values) > 1 for values in shape):
            raise ValueError(f'SPDConv: expected a square convolution with zero or circular padding, got {convolution}')
        self.stride, self.kernel, self.padding, self.dilation = (int(values.pop()) for values in shape)
        self.groups = convolution.groups
        self.padding_mode = convolution.padding_mode
        self.host_shape = tuple(convolution.weight.shape)
        weight = functional.space_to_depth_weight(convolution.weight.detach(), self.stride, self.padding, self.dilation)
        self.weight = nn.Parameter(weight)
        self.bias = None if convolution.bias is None else nn.Parameter(convolution.bias.detach().clone())

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        key = f'{prefix}weight'
        if key in state_dict and tuple(state_dict[key].shape) == self.host_shape != tuple(self.weight.shape):
            state_dict[key] = functional.space_to_depth_weight(state_dict[key], self.stride, self.padding,
                                                               self.dilation)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to what the strided convolution gives."""
        return functional.space_to_depth_conv(x, self.weight, self.bias, self.stride, self.kernel, self.padding,
                                              self.dilation, self.groups, self.padding_mode)


@DOWNSAMPLERS.register_module()
class SPDConv(Downsampler):
    """Space-to-depth, then a convolution without stride (Sunkara & Luo, ECML PKDD 2022, Sec. 3).

    Nothing is thrown away: a cell of s x s pixels becomes s*s times as many channels, which a 1x1 convolution takes
    together. In place of a strided convolution the surgery puts the convolution itself in this form, so that a
    pretrained network computes what it did. In place of a pool it starts as the mean of the cell.

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

    def reduce(self, x: Tensor) -> Tensor:
        """Move pixels into channels and mix them."""
        x = functional.extend_to_multiple(x, self.stride)
        return F.conv2d(F.pixel_unshuffle(x, self.stride), self.weight)
