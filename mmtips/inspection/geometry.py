# Copyright (c) mmtips authors. All rights reserved.
"""Follow the grids of all maps through a record."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import nn

from mmtips.downsampling import Downsampler, SpaceToDepthConv2d
from mmtips.inspection.dataflow import LOOK, Call, Dataflow, Step
from mmtips.inspection.grid import Axis, Window, windows_of
from mmtips.inspection.strided import POOLS, is_convolution

#: Modules that count as one, whatever functions they call.
UNITS = (Downsampler, SpaceToDepthConv2d)
#: Functions after which every pixel sees all of them.
MIXERS = frozenset(('matmul', 'bmm', 'baddbmm', 'einsum', 'scaled_dot_product_attention'))
#: Functions that take maps together pixel by pixel, so that their grids should be one.
JOINS = frozenset(('add', 'sub', 'mul', 'div', 'cat', 'concat', 'stack'))


class Border(NamedTuple):
    """How a module rounds along one axis: its window, and the padding on both sides together."""

    window: Window
    padding: int
    operator: bool = False

    def outputs(self, side: int) -> int:
        """Its outputs for ``side`` inputs."""
        return -(-side // int(self.window.stride)) if self.operator else self.window.outputs(side, self.padding)

    def waste(self, side: int) -> int:
        """Rows that it drops, or, as operators do, invents."""
        stride = int(self.window.stride)
        return -side % stride if self.operator else self.window.dropped(side, self.padding)


class Map(NamedTuple):
    """What is known of a map: its grid, its size (of the last one with a size), and how it came by it.

    ``borders`` are those of the rows; None after a change of the size that does not depend on windows.
    """

    axes: tuple[Axis, Axis]
    size: tuple[int, int]
    borders: tuple[Border, ...] | None


@dataclass(frozen=True)
class Passage:
    """One module or function that a map went through.

    Attributes:
        call: The module, or the one whose forward called the function.
        function: The function.
        whole: Whether it is the module.
        windows: What an output reads, for rows and columns.
        axes: Where its outputs lie.
        size_in: Size of its input.
        size_out: Size of its output.
        before: The borders on the way to it; None if unknown.
        borders: Its own, for rows and columns; empty if it has none.
        macs: Multiply-adds of the function.
    """

    call: Call
    function: str
    whole: bool
    windows: tuple[Window, Window]
    axes: tuple[Axis, Axis]
    size_in: tuple[int, int]
    size_out: tuple[int, int]
    before: tuple[Border, ...] | None = None
    borders: tuple[Border, ...] = ()
    macs: int = 0

    def dropped(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns at the end of a map that no window reaches."""
        lost = [0 if border.operator else border.waste(side) for border, side in zip(self.borders, size, strict=False)]
        return (lost[0], lost[1]) if lost else (0, 0)

    def waste(self, side: int) -> int:
        """Rows that are dropped or invented here for an image of ``side`` rows; 0 if that cannot be told."""
        if self.before is None or not self.borders or self.borders[0].window.stride <= 1:
            return 0
        for border in self.before:
            side = border.outputs(side)
        return self.borders[0].waste(side)


class Geometry:
    """The grids of all maps of a record.

    Args:
        flow: The record.
    """

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow
        rows, columns = flow.shapes[0][-2:]
        self._maps: dict[int, Map] = {0: Map((Axis(), Axis()), (rows, columns), ())}
        self._done: set[Call] = set()
        #: What maps went through, in the order of the record.
        self.passages: list[Passage] = []
        #: Where maps meet whose grids lie apart: path, function, pixels of the image.
        self.misfits: list[tuple[str, str, float]] = []
        for step in flow.steps:
            if step.function != LOOK:
                self._follow(step)

    def _follow(self, step: Step) -> None:
        unit = _unit(step.call)
        if unit is not None:
            if unit not in self._done:
                self._done.add(unit)
                self._windowed(unit, step, unit.outputs[0])
        elif _slides(step):
            self._windowed(step.call, step, step.outputs[0])
        else:
            self._other(step)

    def _windowed(self, call: Call, step: Step, output: int) -> None:
        source = self._maps[step.inputs[0]]
        windows = windows_of(call.module, source.size)
        axes = (source.axes[0].through(windows[0]), source.axes[1].through(windows[1]))
        size = self._flow.shapes[output][-2:]
        borders = tuple(_border(call.module, window, side, made)
                        for window, side, made in zip(windows, source.size, size, strict=True))
        self.passages.append(Passage(call, step.function, True, windows, axes, source.size, (size[0], size[1]),
                                     source.borders, borders, step.macs))
        known = source.borders is not None and min(window.stride for window in windows) >= 1
        self._maps[output] = Map(axes, (size[0], size[1]), (*(source.borders or ()), borders[0]) if known else None)

    def _other(self, step: Step) -> None:
        sources = [self._maps[number] for number in step.inputs]
        base = max(sources, key=lambda source: math.prod(source.size))
        axes = base.axes
        for source in sources:
            axes = (axes[0].joined(source.axes[0]), axes[1].joined(source.axes[1]))
        if step.function.strip('_') in JOINS:
            self._compare(step, [source for source in sources if source.size == base.size])
        for output in step.outputs:
            shape = self._flow.shapes[output]
            size = (shape[2], shape[3]) if len(shape) == 4 and step.function != 'permute' else base.size
            self._maps[output] = self._resized(step, base._replace(axes=axes), size)

    def _resized(self, step: Step, source: Map, size: tuple[int, int]) -> Map:
        if step.function in MIXERS:
            return source._replace(axes=_everywhere(source.axes))
        if size == source.size or step.function == 'pad':
            return source
        windows = (_resize(source.size[0], size[0]), _resize(source.size[1], size[1]))
        axes = (source.axes[0].through(windows[0]), source.axes[1].through(windows[1]))
        if step.function.startswith('adaptive') or size == (1, 1):
            axes = _everywhere(axes)
            windows = (_all(source.size[0], windows[0]), _all(source.size[1], windows[1]))
        self.passages.append(Passage(step.call, step.function, False, windows, axes, source.size, size))
        return Map(axes, size, None)

    def _compare(self, step: Step, sources: list[Map]) -> None:
        centres = [source.axes[0].centre for source in sources if math.isfinite(source.axes[0].field)]
        apart = max(centres, default=0) - min(centres, default=0)
        if apart > 1e-6:
            self.misfits.append((step.call.path, step.function.strip('_'), apart))


def _everywhere(axes: tuple[Axis, Axis]) -> tuple[Axis, Axis]:
    return axes[0].everywhere(), axes[1].everywhere()


def _resize(side: int, made: int) -> Window:
    """Bilinear interpolation reads the two pixels around its centre."""
    ratio = side / made
    return Window(2, ratio, (ratio - 1) / 2 - 1, (ratio - 1) / 2 + 1)


def _all(side: int, window: Window) -> Window:
    """An average of everything, with the stride of a window."""
    return Window(side, window.stride, 0, side - 1)


def _unit(call: Call) -> Call | None:
    found: Call | None = call
    while found is not None and not isinstance(found.module, UNITS):
        found = found.parent
    return found


def _slides(step: Step) -> bool:
    """Whether a step is what its module is for: a convolution or a pool."""
    module = step.call.module
    if isinstance(module, POOLS):
        return 'pool' in step.function
    return (is_convolution(module) or isinstance(module, nn.ConvTranspose2d)) and 'conv' in step.function


def _border(module: Any, window: Window, side: int, made: int) -> Border:
    """The padding with which a window gives the size that was made."""
    if isinstance(module, Downsampler):
        return Border(window, 0, operator=True)
    if window.stride < 1:
        return Border(window, 0)
    padding = -2 * window.low
    if window.outputs(side, int(padding)) != made:  # ceil_mode, or a padding that differs between both sides
        padding += window.stride - 1
    return Border(window, int(padding))
