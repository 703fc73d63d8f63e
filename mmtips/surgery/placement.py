# Copyright (c) mmtips authors. All rights reserved.
"""Where the operator of a strided convolution belongs: past its norm and activation, before it, or before its block."""

from collections.abc import Collection
from typing import Any, NamedTuple

from torch import nn

from mmtips.inspection.dataflow import LOOK, Call, Dataflow, Step
from mmtips.inspection.strided import pads_itself, pair

#: Where an operator runs: past the norm and activation of the convolution whose stride it takes over (as published),
#: before that convolution, or once for all branches of a block, before the block.
PLACEMENTS = ('after', 'before', 'block')

#: Functions that act on each pixel by itself (or, the norms, on each channel as a whole).
POINTWISE = frozenset((
    'batch_norm', 'group_norm', 'instance_norm', 'layer_norm', 'relu', 'relu6', 'leaky_relu', 'prelu', 'elu', 'gelu',
    'silu', 'mish', 'hardtanh', 'hardswish', 'hardsigmoid', 'sigmoid', 'tanh', 'clamp', 'dropout', 'dropout2d',
    'contiguous', 'to', 'add', 'sub', 'mul', 'div', 'permute'))
#: They run their children in turn, or not at all: a child that is added to them would run as one of these.
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class Place(NamedTuple):
    """Where an operator goes: ``'before'`` or ``'after'`` the module at ``carrier``, or ``'instead'`` of it."""

    carrier: str
    where: str


def place_past(flow: Dataflow, path: str, convolution: Any, taken: set[Place]) -> Place | None:
    """Find the place of an operator that runs past the convolution whose stride it takes over.

    The map that the convolution gives is followed through norm and activation. If one module alone reads the result,
    the operator runs before that one. Otherwise (branches are added or concatenated, or the network returns the map) it
    runs after the last module on the way; but before the convolution itself if that has a kernel of one pixel, for
    which both are the same where the operator is linear, and this costs less.

    Args:
        flow: The record of the network.
        path: Of the strided convolution.
        convolution: The strided convolution.
        taken: Places that have an operator, or will have one.

    Returns:
        The place; None if there is none.
    """
    calls = flow.calls_of(path)
    if not all(call.bare and len(call.outputs) == 1 for call in calls):
        return None
    ways = [_way(flow, call.outputs[0]) for call in calls]
    reader = _reader(flow, [way[-1] for way in ways])
    if reader and Place(reader, 'before') not in taken:
        return Place(reader, 'before')
    itself = Place(path, 'before')
    if set(convolution.kernel_size) == {1} and not _pads(convolution) and itself not in taken:
        return itself
    last = _last(flow, ways)
    return Place(last, 'after') if last else None


def place_before_block(flow: Dataflow, branches: Collection[str], strided: Collection[str]) -> Place | None:
    """Find the place of one operator for all branches of a block: before the block.

    The block is the innermost module that has all of them. It is called once, with one map, gives one, and has no other
    stride.

    Args:
        flow: The record of the network.
        branches: Paths of the strided modules of its branches.
        strided: Paths of all strided modules.

    Returns:
        The place; None if there is no such block.
    """
    held = [call for path in branches for call in flow.calls_of(path)]
    others = [call for path in strided if path not in branches for call in flow.calls_of(path)]
    block = next((call for call in reversed(flow.calls) if all(part.inside(call) for part in held)), flow.calls[0])
    fits = (block.parent is not None and block.bare and block.inputs == [block.first] and _carries(block, 'downsampler')
            and len(flow.calls_of(block.path)) == 1 and not any(other.inside(block) for other in others))
    return Place(block.path, 'before') if fits else None


def changes_size(convolution: Any) -> bool:
    """Whether a convolution would change the size of its map if it had no stride."""
    if pads_itself(convolution):
        return False
    padding = 0 if isinstance(convolution.padding, str) else convolution.padding
    axes = zip(pair(convolution.kernel_size), pair(padding), pair(convolution.dilation), strict=True)
    return any(2 * before != dilation * (kernel - 1) for kernel, before, dilation in axes)


def when(flow: Dataflow, place: Place) -> int:
    """When an operator runs first: a number that grows with the steps of the record."""
    call = flow.calls_of(place.carrier)[0]
    steps = [number for number, step in enumerate(flow.steps) if step.call.inside(call)]
    return -1 if not steps else 2 * steps[-1] + 1 if place.where == 'after' else 2 * steps[0]


def _pads(convolution: Any) -> bool:
    return isinstance(convolution.padding, tuple) and any(convolution.padding)


def _way(flow: Dataflow, number: int) -> list[int]:
    """A map and what norm and activation make of it, as long as nothing else reads it."""
    way = [number]
    while way[-1] not in flow.outputs:
        made = _made_of(flow, way[-1])
        if made is None:
            break
        way.append(made)
    return way


def _made_of(flow: Dataflow, number: int) -> int | None:
    """What a function, or a module of several, makes of a map pixel by pixel; None if something else reads it."""
    steps = flow.readers(number)
    reader = _innermost_reader(flow, number)
    if reader is not None and not list(reader.module.children()):
        steps = [step for step in flow.steps if step.call is reader and step.function != LOOK]
        made = reader.outputs if reader.inputs == [number] else []
    else:
        made = steps[0].outputs if len(steps) == 1 and len(steps[0].inputs) == 1 else []
    same = len(made) == 1 and flow.shapes[made[0]] == flow.shapes[number]
    return made[0] if same and all(map(_pixelwise, steps)) else None


def _pixelwise(step: Step) -> bool:
    """A weight per channel will do, one per pixel (a position embedding, say) knows the size."""
    everywhere = all(len(shape) < 2 or set(shape[-2:]) == {1} for shape in step.others)
    return everywhere and step.function.strip('_') in POINTWISE


def _reader(flow: Dataflow, ends: list[int]) -> str:
    """The path of the one module that reads these maps as its first argument, and nothing else; or ''."""
    readers = [_innermost_reader(flow, number) for number in ends]
    paths = {call.path for call in readers if call is not None}
    if None in readers or len(paths) != 1 or len(flow.calls_of(*paths)) != len(readers):
        return ''
    return paths.pop()


def _innermost_reader(flow: Dataflow, number: int) -> Call | None:
    steps = flow.readers(number)
    if not steps or number in flow.outputs:
        return None
    around = [call for call in flow.calls if call.first == number and call.inputs.count(number) == 1
              and call.parent is not None and all(step.call.inside(call) for step in steps)]
    return next((call for call in reversed(around) if _carries(call, 'downsampler')), None)


def _carries(call: Call, name: str) -> bool:
    """Whether a module can have another child of this name, and would not run it by itself."""
    return not isinstance(call.module, CONTAINERS) and not hasattr(call.module, name)


def _last(flow: Dataflow, ways: list[list[int]]) -> str:
    """The path of the last module on these ways that runs nowhere else; or ''."""
    for position in reversed(range(min((len(way) for way in ways), default=0))):
        numbers = [way[position] for way in ways]
        for call in flow.calls:
            calls = flow.calls_of(call.path)
            if ([other.outputs for other in calls] == [[number] for number in numbers] and call.parent is not None
                    and _carries(call, 'output_downsampler') and all(_made_inside(flow, other) for other in calls)):
                return call.path
    return ''


def _made_inside(flow: Dataflow, call: Call) -> bool:
    """Whether a module returns a map of its own, which nothing in it reads any more.

    A map that was changed in place is also what it was before: whoever holds that would see another size.
    """
    number = call.outputs[0]
    made = next(step for step in flow.steps if flow.origin[number] in step.outputs)
    return call.bare and made.call.inside(call) and not any(step.call.inside(call) for step in flow.readers(number))
