# Copyright (c) mmtips authors. All rights reserved.
"""Find every place where a built network divides the resolution, and where its operator belongs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from mmtips.inspection.dataflow import Call, Dataflow
from mmtips.inspection.geometry import Geometry
from mmtips.inspection.recording import record
from mmtips.inspection.strided import POOLS, pair, strided_modules
from mmtips.surgery.branches import Branches
from mmtips.surgery.placement import Place, changes_size, place_before_block, place_past, when

#: Why there is no place for an operator.
_NOWHERE = {
    'after': 'do not know where its operator belongs: no module alone reads its map or gives it on',
    'block': "placement='block': no module reads one map and has all branches of this block, and no other stride: "
             "placement='before' needs none",
}
#: What takes fewer pixels away than this, in both directions, is a border that is cut off.
LEAST_FACTOR = 1.5


@dataclass(frozen=True)
class Site:
    """One resolution change of a network.

    Attributes:
        strided: Path of the module that has the stride, such as ``layer2.0.conv2``.
        role: What it is to the network, one of :data:`mmtips.surgery.ROLES`.
        block: Of the sites whose maps meet with its own, the one whose operator runs first; '' if there are no others.
        stride: The factor.
        channels: Channels of the map that is reduced.
        carrier: Path of the module at which the operator runs, such as ``layer2.0.conv3``; ``strided`` for a pool.
        where: ``'before'`` or ``'after'`` the carrier, or ``'instead'`` of it.
        refusal: Why no operator can be put there; '' if one can.
        placement: What was asked for, one of :data:`mmtips.surgery.PLACEMENTS`.
    """

    strided: str
    role: str
    block: str
    stride: int
    channels: int
    carrier: str
    where: str
    refusal: str
    placement: str = 'after'


def find_sites(network: nn.Module, image: Tensor | None = None) -> list[Site]:
    """List the stride sites of a network in the order in which they run.

    The network is run once, on a tensor without data, see :func:`mmtips.inspection.record`. Strided modules that its
    forward does not run are no sites.

    Args:
        network: A built backbone, or any module that maps an image to maps.
        image: What it is run on; one image of 224 x 224 pixels if not given.

    Returns:
        The sites, those included at which no operator can be put.

    Raises:
        ValueError: If the network cannot be run.
    """
    return sites_in(record(network, image), network, {}) if strided_modules(network) else []


def sites_in(flow: Dataflow, network: nn.Module, placements: Mapping[str, str]) -> list[Site]:
    """What :func:`find_sites` lists, from a record of the network, with the placements of some sites by path."""
    strided = strided_modules(network)
    run = {path: strided[path] for path in dict.fromkeys(call.path for call in flow.calls) if path in strided}
    branches = Branches(flow, run)
    placements = {path: placements.get(path, 'after') for path in run}
    places: dict[str, Place] = {}
    refusals: dict[str, str] = {}
    # Operators that run past their convolutions come last: they alone have more than one place to choose from.
    for path in sorted(run, key=lambda path: placements[path] == 'after'):
        refusals[path] = _unfit(run[path], placements[path]) or _unfit_calls(flow.calls_of(path), flow)
        if refusals[path]:
            continue
        if placements[path] == 'block' and len(branches.together[path]) > 1:
            place = place_before_block(flow, branches.together[path], run)
        else:
            place = _place(flow, path, run[path], placements[path], set(places.values()))
        if place is None:
            refusals[path] = _NOWHERE[placements[path]]
        else:
            places[path] = place
    # In the order in which operators run: the first one of a block is the one that the others follow.
    order = sorted(run, key=lambda path: when(flow, places.get(path, Place(path, 'before'))))
    sites = []
    for path in order:
        together = [other for other in order if other in branches.together[path]]
        place = places.get(path, Place('', ''))
        sites.append(Site(path, branches.role[path], together[0] if len(together) > 1 else '',
                          pair(run[path].stride)[0], _channels(flow, path, place), *place, refusals[path],
                          placements[path]))
    return sites


def _place(flow: Dataflow, path: str, module: Any, placement: str, taken: set[Place]) -> Place | None:
    if isinstance(module, POOLS):
        return Place(path, 'instead')
    return place_past(flow, path, module, taken) if placement == 'after' else Place(path, 'before')


def _channels(flow: Dataflow, path: str, place: Place) -> int:
    """Those of the map that an operator reduces: what its carrier gives, or reads."""
    call = flow.calls_of(place.carrier or path)[0]
    maps = call.outputs if place.where == 'after' else call.inputs
    return flow.shapes[maps[0]][1] if maps else 0


def _unfit_calls(calls: list[Call], flow: Dataflow) -> str:
    if not all(call.inputs for call in calls):
        return 'what it reads could not be traced to the image'
    if len({flow.shapes[call.inputs[0]][1] for call in calls}) > 1:
        return 'it runs several times, on maps of different channels: use a module of its own for each of them'
    return ''


def _unfit(module: Any, placement: str) -> str:
    """Why no operator can take over the stride of a module; '' if one can."""
    stride, across = pair(module.stride)
    if stride != across:
        return f'stride {(stride, across)} differs between rows and columns, which no operator here supports'
    if isinstance(module, nn.Conv2d):
        return '' if placement == 'after' or not changes_size(module) else (
            f"placement={placement!r} keeps the size only where a convolution is padded by half its kernel "
            f"(placement='after' keeps it always), and this one has kernel_size={module.kernel_size} and "
            f'padding={module.padding}')
    if not isinstance(module, POOLS):
        return (f'do not know how to take the stride off a {type(module).__name__}: only nn.Conv2d and its subclasses '
                'are supported')
    window = [pair(module.kernel_size), pair(module.padding), pair(getattr(module, 'dilation', 1))]
    square = all(rows == columns for rows, columns in window) and window[2] == (1, 1)
    if getattr(module, 'return_indices', False):
        return f'{module} returns indices, which no operator has'
    return '' if square else f'do not know how to replace {module}: its kernel is not square, or dilated'


def strides_of_forwards(flow: Dataflow) -> list[str]:
    """What divides the resolution without being a module, such as ``F.max_pool2d`` or a slice: nothing to exchange.

    Args:
        flow: The record of a network.

    Returns:
        ``'<path>: <function>'`` for each (``(forward)`` for the network's own), in the order in which they first run.
        They are those whose windows :class:`mmtips.inspection.geometry.Geometry` knows: adaptive pools are not among
        them, nor crops.
    """
    found = (f"{passage.call.path or '(forward)'}: {passage.function}" for passage in Geometry(flow).passages
             if not passage.whole and all(math.isfinite(axis.field) for axis in passage.axes)
             and min(window.stride for window in passage.windows) >= LEAST_FACTOR)
    return list(dict.fromkeys(found))
