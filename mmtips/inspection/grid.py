# Copyright (c) mmtips authors. All rights reserved.
"""Where the pixels of a map lie on the image, and which pixels of the image they see (Dumoulin & Visin, 2016)."""

import math
from dataclasses import dataclass
from typing import Any

from torch import nn

from mmtips.downsampling import Downsampler
from mmtips.downsampling.functional import window_start
from mmtips.inspection.strided import pads_itself, pair


@dataclass(frozen=True)
class Window:
    """What one output of a module reads along one axis: output m reads input ``stride * m + low`` to ``+ high``.

    Attributes:
        kernel: Inputs that are read; fewer than ``high - low + 1`` where they are dilated.
        stride: Step between outputs, in inputs; below 1 where the map is enlarged.
        low: First input of output 0; ``-padding`` for a convolution.
        high: Last input of output 0.
    """

    kernel: int
    stride: float
    low: float
    high: float

    def outputs(self, side: int, border: int) -> int:
        """``floor((i + 2p - k) / s) + 1`` for an input of ``side`` pixels with ``border`` = 2p pixels around it."""
        return int((side + border - (self.high - self.low + 1)) // self.stride) + 1

    def dropped(self, side: int, border: int) -> int:
        """``(i + 2p - k) mod s``: rows at the end that no window of the kernel reaches."""
        return int((side + border - (self.high - self.low + 1)) % self.stride)


@dataclass(frozen=True)
class Axis:
    """The pixels of a map along one axis, in pixels of the image.

    Attributes:
        step: Distance of neighbours, the cumulative stride.
        first: First pixel of the image that pixel 0 sees; pixel m sees those that lie ``m * step`` further.
        last: The last one.
        centre: Middle of the windows through which pixel 0 sees the image.
    """

    step: float = 1
    first: float = 0
    last: float = 0
    centre: float = 0

    def through(self, window: Window) -> 'Axis':
        """The pixels of what a module makes of this map."""
        middle = (window.low + window.high) / 2
        return Axis(self.step * window.stride, self.first + self.step * window.low, self.last + self.step * window.high,
                    self.centre + self.step * middle)

    def joined(self, other: 'Axis') -> 'Axis':
        """The pixels of what two maps give together: it sees what either sees, and lies where this one lies."""
        return Axis(self.step, min(self.first, other.first), max(self.last, other.last), self.centre)

    def everywhere(self) -> 'Axis':
        """The pixels of a map of which each sees the whole image."""
        return Axis(self.step, -math.inf, math.inf, self.centre)

    @property
    def field(self) -> float:
        """The receptive field."""
        return self.last - self.first + 1

    @property
    def offset(self) -> float:
        """How far the sampling grid lies from the centres of the cells of ``step`` pixels."""
        return self.centre - (self.step - 1) / 2


def windows_of(module: Any, sides: tuple[int, int]) -> tuple[Window, Window]:
    """What an output of a convolution, a pool or an operator reads of a map.

    Args:
        module: The module.
        sides: Height and width of the map.

    Returns:
        For rows and columns.
    """
    if isinstance(module, Downsampler):
        start = -window_start(module.window_taps, module.stride)
        window = Window(module.window_taps, module.stride, start, start + module.window_taps - 1)
        return window, window
    return tuple(_window(module, axis, side) for axis, side in enumerate(sides))  # type: ignore[return-value]


def _window(module: Any, axis: int, side: int) -> Window:
    kernel, stride = pair(module.kernel_size)[axis], pair(module.stride)[axis]
    reach = pair(getattr(module, 'dilation', 1))[axis] * (kernel - 1)
    before = _padding(module, axis, side, reach, stride)
    if isinstance(module, nn.ConvTranspose2d):
        return Window(kernel, 1 / stride, (before - reach) / stride, before / stride)
    return Window(kernel, stride, -before, reach - before)


def _padding(module: Any, axis: int, side: int, reach: int, stride: int) -> int:
    """Rows that are put before the map."""
    if pads_itself(module):
        grid = pair(getattr(module, 'grid_stride', stride))[axis]
        return max((-(-side // grid) - 1) * grid + reach + 1 - side, 0) // 2
    if hasattr(module, 'circular_border'):
        return module.circular_border[axis]
    if isinstance(module.padding, str):
        return reach // 2 if module.padding == 'same' else 0
    return pair(module.padding)[axis]
