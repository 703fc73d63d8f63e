# Copyright (c) mmtips authors. All rights reserved.
"""BlurPool: low-pass, then stride."""

from torch import Tensor

from mmtips.downsampling import functional
from mmtips.downsampling.base import Downsampler
from mmtips.downsampling.registry import DOWNSAMPLERS


@DOWNSAMPLERS.register_module()
class BlurPool(Downsampler):
    """Binomial low-pass filter, then stride (Zhang, ICML 2019, Sec. 3.2), written from the formula.

    At a max-pool site the surgery puts the dense maximum before it, as published ("MaxBlurPool").

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
        filter_size: Taps per side, 1 to 7.
        padding_mode: Border of the filter; reflection as published.

    Raises:
        ValueError: If an option is out of its range.
    """

    keeps_max = True
    kernel: Tensor

    def __init__(self, channels: int, stride: int = 2, *, filter_size: int = 3, padding_mode: str = 'reflect') -> None:
        super().__init__(channels, stride)
        self.padding_mode = functional.check_padding_mode(padding_mode)
        # A constant has no place in a checkpoint.
        kernel = functional.binomial_filter(filter_size).float().expand(1, 1, -1, -1)
        self.register_buffer('kernel', kernel, persistent=False)

    def reduce(self, x: Tensor) -> Tensor:
        """Filter every channel with the same taps at the positions that the stride keeps."""
        kernel = self.kernel.to(x.dtype).expand(self.channels, -1, -1, -1)
        return functional.depthwise_conv(x, kernel, self.stride, self.padding_mode)
