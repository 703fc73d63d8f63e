# Copyright (c) mmtips authors. All rights reserved.
"""Find every place where a built network divides the resolution, and where its operator belongs."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from mmtips.inspection.dataflow import Dataflow, record
from mmtips.inspection.strided import POOLS, pair, strided_modules
from mmtips.surgery.branches import Branches
from mmtips.surgery.placement import Place, place_of


@dataclass(frozen=True)
class Site:
    """One resolution change of a network.

    Attributes:
        strided: Path of the module that has the stride, such as ``layer2.0.conv2``.
        role: What it is to the network, one of :data:`mmtips.surgery.ROLES`.
        block: Path of the block whose branches meet after this site and others, '' if there is none.
        stride: The factor.
        channels: Channels of the map that is reduced.
        carrier: Path of the module at which the operator runs, such as ``layer2.0.conv3``; ``strided`` for a pool.
        where: ``'before'`` or ``'after'`` the carrier, or ``'instead'`` of it.
        refusal: Why no operator can be put there; '' if one can.
    """

    strided: str
    role: str
    block: str
    stride: int
    channels: int
    carrier: str
    where: str
    refusal: str


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
    strided = strided_modules(network)
    if not strided:
        return []
    flow = record(network, image)
    run = {path: strided[path] for path in dict.fromkeys(call.path for call in flow.calls) if path in strided}
    branches = Branches(flow, run)
    sites: list[Site] = []
    for path, module in run.items():
        refusal = _unfit(module)
        place = None if refusal else _place(flow, path, module, {Place(site.carrier, site.where) for site in sites})
        if place is None:
            refusal = refusal or 'do not know where its operator belongs: no module alone reads its map or gives it on'
        call = flow.calls_of(path)[0]
        reduced = call.inputs if place in (Place(path, 'before'), Place(path, 'instead')) else call.outputs
        sites.append(Site(path, branches.role[path], branches.block[path], pair(module.stride)[0],
                          flow.shapes[reduced[0]][1], *(place or ('', '')), refusal))
    return sites


def _place(flow: Dataflow, path: str, module: Any, taken: set[Place]) -> Place | None:
    return Place(path, 'instead') if isinstance(module, POOLS) else place_of(flow, path, module, taken)


def _unfit(module: Any) -> str:
    """Why no operator can take over the stride of a module; '' if one can."""
    stride, across = pair(module.stride)
    if stride != across:
        return f'stride {(stride, across)} differs between rows and columns, which no operator here supports'
    if isinstance(module, nn.Conv2d):
        return ''
    if not isinstance(module, POOLS):
        return (f'do not know how to take the stride off a {type(module).__name__}: only nn.Conv2d and its subclasses '
                'are supported')
    window = [pair(module.kernel_size), pair(module.padding), pair(getattr(module, 'dilation', 1))]
    square = all(rows == columns for rows, columns in window) and window[2] == (1, 1)
    return '' if square else f'do not know how to replace {module}: its kernel is not square, or dilated'
