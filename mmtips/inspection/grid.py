# Copyright (c) mmtips authors. All rights reserved.
"""Where the pixels of a map lie on the image, and which pixels of the image they see (Dumoulin & Visin, 2016)."""

import math
from dataclasses import dataclass
from typing import Any

from torch import nn

from mmtips.downsampling import Downsampler, SpaceToDepthConv2d
from mmtips.downsampling.functional import window_start
from mmtips.inspection.strided import pads_itself, pair, same_padding


@dataclass(frozen=True)
class Window:
    """What one output of a module reads along one axis: output m reads input ``stride * m + low`` to ``+ high``.

    Attributes:
        kernel: Inputs that are read; fewer than ``high - low + 1`` where they are dilated.
        stride: Step between outputs, in inputs; below 1 where the map is enlarged.
        low: First input of output 0; ``-padding`` for a convolution.
        high: Last input of output 0.
        dilation: Distance of the inputs that are read.
        centre: Where output 0 lies; in the middle of its window if not given.
    """

    kernel: int
    stride: float
    low: float
    high: float
    dilation: int = 1
    centre: float | None = None

    @property
    def middle(self) -> float:
        """Where output 0 lies, in inputs."""
        return (self.low + self.high) / 2 if self.centre is None else self.centre

    @property
    def read(self) -> float:
        """Share of the inputs that some output reads."""
        if self.stride <= 1:
            return 1
        stride = round(self.stride)
        return len({self.dilation * tap % stride for tap in range(self.kernel)}) / stride


@dataclass(frozen=True)
class Rounding:
    """How many outputs a module has along one axis.

    Attributes:
        window: What an output reads.
        padding: Inputs that are put around the map, on both sides together.
        mode: ``'floor'``; ``'ceil'``: of a pool, a last window may reach beyond the map; ``'all'``: one for every begun
            cell, as operators and the padding of TensorFlow have it.
        invents: Whether a last cell that is not full is filled up with pixels that are made up.
    """

    window: Window
    padding: int = 0
    mode: str = 'floor'
    invents: bool = False

    def _rest(self, side: int) -> int:
        return side + self.padding - round(self.window.high - self.window.low + 1)

    def outputs(self, side: int) -> int:
        """``floor((i + 2p - k) / s) + 1`` of ``side`` inputs, or what the mode makes of it."""
        stride = round(self.window.stride)
        if self.mode == 'all':
            return -(-side // stride)
        if self.mode == 'floor':
            return self._rest(side) // stride + 1
        # The last window must not begin beyond the map.
        return min(-(-self._rest(side) // stride), (side + self.padding // 2 - 1) // stride) + 1

    def dropped(self, side: int) -> int:
        """``(i + 2p - k) mod s``: rows at the end, padding included, that no window reaches."""
        return self._rest(side) % round(self.window.stride) if self.mode == 'floor' and self.window.stride > 1 else 0

    def waste(self, side: int) -> int:
        """Rows that are dropped or made up."""
        return -side % round(self.window.stride) if self.invents else self.dropped(side)


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
        return Axis(self.step * window.stride, self.first + self.step * window.low, self.last + self.step * window.high,
                    self.centre + self.step * window.middle)

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
    rows, columns = _window(module, 0, sides[0]), _window(module, 1, sides[1])
    return (_cells(rows), _cells(columns)) if isinstance(module, SpaceToDepthConv2d) else (rows, columns)


def _cells(window: Window) -> Window:
    """All pixels of the cells that a window touches, which its free taps read."""
    stride = round(window.stride)
    low, high = math.floor(window.low / stride) * stride, math.ceil((window.high + 1) / stride) * stride - 1
    return Window(high - low + 1, stride, low, high, centre=window.middle)


def roundings_of(module: Any, windows: tuple[Window, Window], sides: tuple[int, int],
                 made: tuple[int, int]) -> tuple[Rounding, Rounding]:
    """How a module rounds, see :class:`Rounding`; ``made`` is the size that it made of a map of ``sides``."""
    if isinstance(module, SpaceToDepthConv2d):
        windows = _window(module, 0, sides[0]), _window(module, 1, sides[1])
    rows, columns = (_rounding(module, *of) for of in zip(windows, sides, made, strict=True))
    return rows, columns


def _rounding(module: Any, window: Window, side: int, made: int) -> Rounding:
    if isinstance(module, Downsampler):
        return Rounding(window, mode='all', invents=True)
    if pads_itself(module):
        return Rounding(window, mode='all')
    padding = round(-2 * window.low)
    if getattr(module, 'ceil_mode', False):
        return Rounding(window, padding, 'ceil')
    if window.stride >= 1 and Rounding(window, padding).outputs(side) != made:
        padding += 1  # one more behind the map than before it
    return Rounding(window, padding)


def _window(module: Any, axis: int, side: int) -> Window:
    kernel, stride = pair(module.kernel_size)[axis], pair(module.stride)[axis]
    dilation = pair(getattr(module, 'dilation', 1))[axis]
    reach = dilation * (kernel - 1)
    before = _padding(module, axis, side, reach, stride)
    if isinstance(module, nn.ConvTranspose2d):
        return Window(-(-kernel // stride), 1 / stride, (before - reach) / stride, before / stride)
    return Window(kernel, stride, -before, reach - before, dilation)


def _padding(module: Any, axis: int, side: int, reach: int, stride: int) -> int:
    """Rows that are put before the map."""
    if pads_itself(module):
        grid = pair(getattr(module, 'grid_stride', stride))[axis]
        return same_padding(side, grid, reach) // 2
    if hasattr(module, 'circular_border'):
        return module.circular_border[axis]
    if isinstance(module.padding, str):
        return reach // 2 if module.padding == 'same' else 0
    return pair(module.padding)[axis]
