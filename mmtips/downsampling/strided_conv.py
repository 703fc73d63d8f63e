# Copyright (c) mmtips authors. All rights reserved.
"""StridedConv: fixed learned taps, the control for taps that depend on the input."""

import torch
from torch import Tensor, nn

from mmtips.downsampling import functional
from mmtips.downsampling.base import Downsampler
from mmtips.downsampling.registry import DOWNSAMPLERS


@DOWNSAMPLERS.register_module()
class StridedConv(Downsampler):
    """A strided depthwise 3x3 convolution with 9C learned taps, which starts as plain subsampling.

    It starts as the unit impulse, so that a converted network computes at first what the host's own strided
    convolutions did (a convolution at stride 1, then every s-th pixel). It has as many taps as the scorer of TIPS:
    what TIPS adds over this control is that its weights depend on the input.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
        padding_mode: Border of the convolution.

    Raises:
        ValueError: If an option is out of its range.
    """

    aliases = True

    def __init__(self, channels: int, stride: int = 2, *, padding_mode: str = 'zeros') -> None:
        super().__init__(channels, stride)
        self.padding_mode = functional.check_padding_mode(padding_mode)
        self.weight = nn.Parameter(torch.zeros(channels, 1, 3, 3))
        # The tap that meets pixel (s*i, s*j), wherever the window of this stride begins.
        tap = functional.window_start(3, stride)
        with torch.no_grad():
            self.weight[:, :, tap, tap] = 1

    @property
    def window_taps(self) -> int:
        """Those of the convolution."""
        return 3

    def reduce(self, x: Tensor) -> Tensor:
        """Convolve at the positions that the stride keeps."""
        return functional.depthwise_conv(x, self.weight, self.stride, self.padding_mode)
