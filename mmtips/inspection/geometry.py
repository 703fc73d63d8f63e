# Copyright (c) mmtips authors. All rights reserved.
"""Follow the grids of all maps through a record."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from torch import nn

from mmtips.downsampling import Downsampler, SpaceToDepthConv2d
from mmtips.inspection.dataflow import LOOK, Call, Dataflow, Step
from mmtips.inspection.grid import Axis, Rounding, Window, roundings_of, windows_of
from mmtips.inspection.strided import POOLS, is_convolution, pads_itself

#: Modules that count as one, whatever functions they call.
UNITS = (Downsampler, SpaceToDepthConv2d)
#: Functions after which every pixel sees all of them.
MIXERS = frozenset(('matmul', 'bmm', 'baddbmm', 'einsum', 'scaled_dot_product_attention'))
#: Functions that take maps together pixel by pixel, so that their grids should be one.
JOINS = frozenset(('add', 'sub', 'mul', 'div', 'cat', 'concat', 'stack'))
#: Functions that change the size of a map. Any other one leaves it, whatever it makes of the shape: a transposed map,
#: or a row of tokens, has the pixels that it had.
RESIZES = frozenset((
    'interpolate', 'upsample', 'grid_sample', 'pixel_shuffle', 'pixel_unshuffle', 'max_pool2d', 'avg_pool2d', 'conv2d',
    'max_pool2d_with_indices', 'adaptive_avg_pool2d', 'adaptive_max_pool2d', 'getitem', 'mean', 'amax', 'max', 'sum'))
#: A slice that keeps more than this share of the rows drops some at the end; a smaller one takes every second, say.
CROP = 2 / 3


class Map(NamedTuple):
    """What is known of a map: its grid, its size (of the last one with a size), and how it came by that size.

    ``ways`` are the roundings of rows and columns in turn; None after a change of the size that has none.
    """

    axes: tuple[Axis, Axis]
    size: tuple[int, int]
    ways: tuple[tuple[Rounding, Rounding], ...] | None


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
        before: The roundings on the way to it; None if unknown.
        roundings: Its own, for rows and columns; None if it has none.
    """

    call: Call
    function: str
    whole: bool
    windows: tuple[Window, Window]
    axes: tuple[Axis, Axis]
    size_in: tuple[int, int]
    size_out: tuple[int, int]
    before: tuple[tuple[Rounding, Rounding], ...] | None = None
    roundings: tuple[Rounding, Rounding] | None = None

    def waste(self, side: int) -> int:
        """Rows and columns that are dropped or made up here for an image of ``side``; 0 if that cannot be told."""
        if self.before is None or self.roundings is None:
            return 0
        wasted = 0
        for axis, rounding in enumerate(self.roundings):
            inputs = side
            for way in self.before:
                inputs = way[axis].outputs(inputs)
            wasted += rounding.waste(inputs) if rounding.window.stride > 1 else 0
        return wasted


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
        sources = [number for number in step.inputs if number in self._maps]
        if unit is not None:
            # What goes on inside is not followed, so that the first known input is the unit's own.
            if unit not in self._done and sources:
                self._done.add(unit)
                self._windowed(unit, step, sources[0], unit.outputs)
        elif sources and _slides(step):
            self._windowed(step.call, step, sources[0], step.outputs)
        elif sources:
            self._other(step, [self._maps[number] for number in sources])

    def _windowed(self, call: Call, step: Step, source: int, outputs: list[int]) -> None:
        of = self._maps[source]
        shape = self._flow.shapes[source]
        if not _pads(call.module) and shape[-2:] != of.size:  # a size that came from a reshape
            of = self._resized(step, of, (shape[-2], shape[-1]))
        windows = windows_of(call.module, of.size)
        axes = (of.axes[0].through(windows[0]), of.axes[1].through(windows[1]))
        rows, columns = self._flow.shapes[outputs[0]][-2:]
        roundings = roundings_of(call.module, windows, of.size, (rows, columns))
        self.passages.append(Passage(call, step.function, True, windows, axes, of.size, (rows, columns), of.ways,
                                     roundings))
        known = of.ways is not None and min(window.stride for window in windows) >= 1
        ways = (*(of.ways or ()), roundings) if known else None
        self._maps.update(dict.fromkeys(outputs, Map(axes, (rows, columns), ways)))

    def _other(self, step: Step, sources: list[Map]) -> None:
        base = max(sources, key=lambda source: math.prod(source.size))
        rows, columns = base.axes
        for source in sources:
            rows, columns = rows.joined(source.axes[0]), columns.joined(source.axes[1])
        name = step.function.strip('_')
        if name in JOINS:
            self._compare(step, [source for source in sources if source.size == base.size])
        base = base._replace(axes=(rows, columns))
        for output in step.outputs:
            shape = self._flow.shapes[output]
            if name in MIXERS:
                self._maps[output] = base._replace(axes=_everywhere(base.axes))
            elif len(shape) != 4 or _pads(step.call.module):
                self._maps[output] = base
            elif name == 'pad':
                self._maps[output] = _padded(base, (*step.border, 0, 0, 0, 0)[:4])
            else:
                self._maps[output] = self._resized(step, base, (shape[2], shape[3])) if name in RESIZES else base

    def _resized(self, step: Step, source: Map, size: tuple[int, int]) -> Map:
        if size == source.size:
            return source
        if step.function == '__getitem__' and all(
                CROP * side < made <= side for made, side in zip(size, source.size, strict=True)):
            return source._replace(size=size)
        windows = (_resize(source.size[0], size[0]), _resize(source.size[1], size[1]))
        axes = (source.axes[0].through(windows[0]), source.axes[1].through(windows[1]))
        if step.function.startswith('adaptive') or size == (1, 1):
            axes = _everywhere(axes)
            windows = (_all(source.size[0], windows[0]), _all(source.size[1], windows[1]))
        self.passages.append(Passage(step.call, step.function, False, windows, axes, source.size, size))
        return Map(axes, size, None)

    def _compare(self, step: Step, sources: list[Map]) -> None:
        apart = 0.0
        for axis in (0, 1):
            centres = [source.axes[axis].centre for source in sources if math.isfinite(source.axes[axis].field)]
            apart = max(apart, max(centres, default=0) - min(centres, default=0))
        if apart > 1e-6:
            self.misfits.append((step.call.path, step.function.strip('_'), apart))


def _pads(module: nn.Module) -> bool:
    """Whether a module pads its map itself, which its window knows."""
    return pads_itself(module) or hasattr(module, 'circular_border')


def _padded(source: Map, border: tuple[int, ...]) -> Map:
    """A map with columns and rows around it, as in ``F.pad``: left, right, top, bottom."""
    left, right, top, bottom = border
    shift = (Window(1, 1, -top, -top), Window(1, 1, -left, -left))
    ways = (Rounding(shift[0], top + bottom), Rounding(shift[1], left + right))
    return Map((source.axes[0].through(shift[0]), source.axes[1].through(shift[1])),
               (source.size[0] + top + bottom, source.size[1] + left + right),
               None if source.ways is None else (*source.ways, ways))


def _everywhere(axes: tuple[Axis, Axis]) -> tuple[Axis, Axis]:
    return axes[0].everywhere(), axes[1].everywhere()


def _resize(side: int, made: int) -> Window:
    """Bilinear interpolation reads the two pixels around its centre."""
    ratio = side / made
    return Window(2, ratio, (ratio - 1) / 2 - 1, (ratio - 1) / 2 + 1)


def _all(side: int, window: Window) -> Window:
    """A mean of everything, with the stride of a window."""
    return Window(side, window.stride, 0, side - 1)


def _unit(call: Call) -> Call | None:
    return next((around for around in call.around() if isinstance(around.module, UNITS)), None)


def _slides(step: Step) -> bool:
    """Whether a step is what its module is for: a convolution or a pool."""
    module = step.call.module
    if isinstance(module, POOLS):
        return 'pool' in step.function
    return (is_convolution(module) or isinstance(module, nn.ConvTranspose2d)) and 'conv' in step.function
