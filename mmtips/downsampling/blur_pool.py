# Copyright (c) mmtips authors. All rights reserved.
"""BlurPool: low-pass, then stride."""

from torch import Tensor

from mmtips.arguments import check_integer
from mmtips.downsampling import functional
from mmtips.downsampling.base import Downsampler
from mmtips.downsampling.registry import DOWNSAMPLERS


@DOWNSAMPLERS.register_module()
class BlurPool(Downsampler):
    """Binomial low-pass filter, then stride (Zhang, ICML 2019, Sec. 3.2), written from the formula.

    At a max-pool site the surgery puts the dense maximum before it, as published ("MaxBlurPool"). With circular padding
    a filter of at least two taps keeps the spatial mean at stride 2: it removes the one frequency that folds onto it.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
        filter_size: Taps per side, 1 to 7.
        padding_mode: Border of the filter; reflection as published.
        max_kernel: Kernel of the dense maximum at a max-pool site; that of the host's pool if not given. The released
            code takes 2 where the networks have 3, which its author calls a slip.

    Raises:
        ValueError: If an option is out of its range.
    """

    keeps_max = True
    kernel: Tensor

    def __init__(self, channels: int, stride: int = 2, *, filter_size: int = 3, padding_mode: str = 'reflect',
                 max_kernel: int | None = None) -> None:
        super().__init__(channels, stride)
        self.max_kernel = None if max_kernel is None else check_integer('max_kernel', max_kernel, 1)
        self.padding_mode = functional.check_padding_mode(padding_mode)
        # A constant has no place in a checkpoint.
        self.register_buffer('kernel', functional.binomial_filter(filter_size).float(), persistent=False)

    @property
    def guarantee(self) -> str:
        """Pooled at stride 2, where every pixel has the same weight in the sum of the outputs, borders included."""
        size = len(self.kernel)
        even = self.padding_mode == 'circular' and size > 1
        even = even or size == 2 or (self.padding_mode, size) == ('replicate', 4)
        return 'pooled' if self.stride == 2 and even else 'none'

    @property
    def aliases(self) -> bool:
        """With one tap, which is no filter."""
        return len(self.kernel) == 1

    @property
    def window_taps(self) -> int:
        """Those of the filter."""
        return len(self.kernel)

    @property
    def keeps_constants(self) -> bool:
        """Where the border is no zeros."""
        return self.padding_mode != 'zeros' or len(self.kernel) == 1

    def cell_weights(self, x: Tensor) -> Tensor:
        """The taps of the filter that fall on the cell."""
        start = functional.window_start(len(self.kernel), self.stride)
        taps = functional.crop_to_cell(self.kernel.to(x), self.stride, start, start)
        return taps.reshape(1, 1, -1, 1, 1)

    def reduce(self, x: Tensor) -> Tensor:
        """Filter at the positions that the stride keeps."""
        return functional.blur(x, self.kernel, self.stride, self.padding_mode)
