# Copyright (c) mmtips authors. All rights reserved.
"""Every change of the resolution on the way from pixels to logits."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from mmtips.downsampling import Downsampler, SpaceToDepthConv2d
from mmtips.inspection.dataflow import Call
from mmtips.inspection.geometry import Geometry, Passage
from mmtips.inspection.recording import blank_image, record
from mmtips.inspection.strided import pair

Pair = tuple[float, float]


@dataclass(frozen=True)
class Change:
    """One change of the resolution, or one stride. All pairs are rows and columns; pixels are those of the image.

    Attributes:
        path: Of the module.
        kind: Its class, or the name of a function.
        kernel: Inputs that one output reads.
        stride: Step between outputs in inputs; below 1 where the map is enlarged.
        padding: Inputs that are put before the map.
        dilation: Distance of the taps.
        size_in: Size of its input.
        size_out: Size of its output.
        dropped: ``(i + 2p - k) mod s``: rows and columns at the end, padding included, that no window reaches.
        unread: Share of the inputs that no window reads, as by a kernel that is smaller than the stride.
        step: Cumulative stride.
        field: Receptive field of an output; infinite where it sees the whole image.
        offset: How far the sampling grid lies from the centres of the cells of ``step`` pixels.
        guarantee: What an operator guarantees; '' for anything else.
        aliases: Why it lets through what its output cannot carry; '' if it does not.
        parameters: Of the module, and of nothing that it carries.
        macs: Multiply-adds for one image.
        im2col_bytes: What a convolution lowered to a matrix product copies, in float32; 0 for anything else.
        indirection_bytes: What pointers to the same inputs take (Dukhan, 2019).
    """

    path: str
    kind: str
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    size_in: tuple[int, int]
    size_out: tuple[int, int]
    dropped: tuple[int, int]
    unread: float
    step: Pair
    field: Pair
    offset: Pair
    guarantee: str
    aliases: str
    parameters: int
    macs: int
    im2col_bytes: int
    indirection_bytes: int


@dataclass(frozen=True)
class Description:
    """What a network does to the resolution of its input.

    Attributes:
        input_size: Height and width of the image.
        changes: In the order in which they run.
        misfits: Where maps meet whose sampling grids lie apart: path, function, and by how many pixels of the image.
        sizes: Sides of square images next to the larger side of the input, one at most and one at least as large,
            at which no stride drops or invents a row; empty if there is none within two total strides.
    """

    input_size: tuple[int, int]
    changes: list[Change]
    misfits: list[tuple[str, str, float]]
    sizes: list[int]


def describe(model: nn.Module, input_size: tuple[int, int]) -> Description:
    """Run a model once, without data, and list every change of the resolution.

    Args:
        model: A backbone, or a segmentor or classifier of either host, converted or not.
        input_size: Height and width of the image.

    Returns:
        The description. Operators count as one change, whatever is in them.

    Raises:
        ValueError: If the model cannot be run on such an image.
    """
    flow = record(model, blank_image(model, input_size))
    geometry = Geometry(flow)
    macs: dict[Call, int] = {}
    for step in flow.steps:
        for call in step.call.around():
            macs[call] = macs.get(call, 0) + step.macs
    changes = [_change(passage, macs) for passage in geometry.passages
               if passage.size_in != passage.size_out or max(window.stride for window in passage.windows) > 1]
    return Description(input_size, changes, geometry.misfits, _sizes(geometry, max(input_size)))


def _change(passage: Passage, macs: dict[Call, int]) -> Change:
    module: Any = passage.call.module
    (rows, columns), (down, across) = passage.windows, passage.axes
    single = passage.whole and isinstance(module, nn.Conv2d)
    dropped = [rounding.dropped(side) for rounding, side in zip(passage.roundings or (), passage.size_in, strict=False)]
    outputs = math.prod(passage.size_out)
    taps = int(rows.kernel * columns.kernel)
    own = module.parameters(recurse=isinstance(module, Downsampler)) if passage.whole else ()
    return Change(
        path=passage.call.path, kind=type(module).__name__ if passage.whole else passage.function,
        kernel=(rows.kernel, columns.kernel), stride=(rows.stride, columns.stride),
        padding=(-rows.low, -columns.low) if passage.whole else (0, 0),
        dilation=pair(getattr(module, 'dilation', 1)) if single else (1, 1),
        size_in=passage.size_in, size_out=passage.size_out,
        dropped=(dropped[0], dropped[1]) if dropped else (0, 0), unread=1 - rows.read * columns.read,
        step=(down.step, across.step), field=(down.field, across.field), offset=(down.offset, across.offset),
        guarantee=module.guarantee if isinstance(module, Downsampler) else '', aliases=_aliases(passage),
        parameters=sum(parameter.numel() for parameter in own),
        macs=_macs(passage, macs),
        im2col_bytes=4 * outputs * taps * module.weight.shape[1] * getattr(module, 'groups', 1) if single else 0,
        indirection_bytes=8 * outputs * taps if single else 0)


def _macs(passage: Passage, macs: dict[Call, int]) -> int:
    """Those of a module, without what it carries."""
    if not passage.whole:
        return 0
    carried = [call for call in macs if call.parent is passage.call and isinstance(call.module, Downsampler)]
    return macs[passage.call] - sum(macs[call] for call in carried)


def _aliases(passage: Passage) -> str:
    module, windows = passage.call.module, passage.windows
    if max(window.stride for window in windows) <= 1 or (math.isinf(passage.axes[0].field) and not passage.whole):
        return ''
    if windows[0].read * windows[1].read < 1 or passage.function == '__getitem__':
        return 'reads some pixels only'
    keeps = (isinstance(module, (nn.AvgPool2d, SpaceToDepthConv2d))
             or passage.function in ('avg_pool2d', 'pixel_unshuffle')
             or (isinstance(module, Downsampler) and not module.aliases))
    return '' if keeps else 'nothing is filtered before the stride'


def _sizes(geometry: Geometry, side: int) -> list[int]:
    """The nearest sides, below and above, at which nothing is dropped and nothing invented."""
    total = max((axis.step for passage in geometry.passages for axis in passage.axes if math.isfinite(axis.field)),
                default=1)

    def fits(side: int) -> bool:
        return not any(passage.waste(side) for passage in geometry.passages)

    def first(sides: Iterator[int]) -> list[int]:
        return next(([candidate] for candidate in sides if candidate > 0 and fits(candidate)), [])

    reach = int(2 * total) + 1
    return sorted({*first(iter(range(side, side - reach, -1))), *first(iter(range(side, side + reach)))})
