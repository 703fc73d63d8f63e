# Copyright (c) mmtips authors. All rights reserved.
"""What a stride site is to its network: its stem, a branch of a block, or the skip of one."""

from collections.abc import Collection
from itertools import combinations
from typing import Any, NamedTuple

from torch import nn

from mmtips.inspection.dataflow import Call, Dataflow, Step
from mmtips.inspection.strided import is_convolution, pair

#: What a site can be: a convolution that reads the image, a pool right after such, a mean over windows of more than two
#: strides, a skip (the branch of a block that is added to one with more convolutions), or anything else.
ROLES = ('stem_conv', 'stem_pool', 'context_pool', 'main', 'skip')
ADDITIONS = ('add', 'add_', '__add__', '__iadd__', '__radd__')


class History(NamedTuple):
    """What a map has behind it: all its strided modules, the last on each way to it, and its most convolutions."""

    sites: frozenset[str] = frozenset()
    last: frozenset[str] = frozenset()
    convolutions: int = 0


class Branches:
    """The role of every site of a record, and which sites belong together.

    Args:
        flow: The record.
        strided: The modules that have a stride and run, by path, in the order in which they run.
    """

    def __init__(self, flow: Dataflow, strided: dict[str, nn.Module]) -> None:
        self._flow = flow
        self._strided = strided
        self._history = _histories(flow, strided)
        #: For each site those whose maps meet with its own, itself included.
        self.together = {path: frozenset({path}) for path in strided}
        #: One of :data:`ROLES`.
        self.role = dict.fromkeys(strided, 'main')
        for step in flow.steps:
            if len(step.inputs) > 1:
                self._join(step)
        for path, module in strided.items():
            if is_convolution(module):
                self._stem_conv(path)
            else:
                self._pool(path, module)

    def _behind(self, path: str) -> History:
        """The history of what a site reads."""
        return next((self._history[number] for number in self._flow.calls_of(path)[0].inputs), History())

    def _join(self, step: Step) -> None:
        """Maps that meet belong together if the last sites on their ways divide what came the same way until there."""
        ends = {number: self._history[number].last for number in step.inputs}
        sites = frozenset().union(*ends.values())
        apart = any(one and other and not one & other for one, other in combinations(ends.values(), 2))
        if not apart or len({(self._behind(path).sites, pair(self._strided[path].stride)) for path in sites}) > 1:
            return
        group = sites.union(*(self.together[path] for path in sites))
        self.together.update(dict.fromkeys(group, group))
        if step.function in ADDITIONS and any(self._holds(call, sites) for call in step.call.around()):
            most = max(self._history[number].convolutions for number in ends)
            for number, branch in ends.items():
                if self._history[number].convolutions < most:
                    self.role.update(dict.fromkeys(branch, 'skip'))

    def _holds(self, block: Call, sites: Collection[str]) -> bool:
        """Whether a module inside the network has all these sites."""
        return block.parent is not None and all(any(call.inside(block) for call in self._flow.calls_of(path))
                                                for path in sites)

    def _stem_conv(self, path: str) -> None:
        if self._behind(path).convolutions == 0:
            self.role[path] = 'stem_conv'

    def _pool(self, path: str, pool: Any) -> None:
        behind = self._behind(path).sites
        if len(self.together[path]) == 1 and behind and all(self.role[site] == 'stem_conv' for site in behind):
            self.role[path] = 'stem_pool'
        elif isinstance(pool, nn.AvgPool2d) and pair(pool.kernel_size)[0] > 2 * pair(pool.stride)[0]:
            self.role[path] = 'context_pool'


def _histories(flow: Dataflow, strided: Collection[str]) -> dict[int, History]:
    of = {0: History()}
    for step in flow.steps:
        before = [of[number] for number in step.inputs]
        sites = frozenset().union(*(history.sites for history in before))
        last = frozenset().union(*(history.last for history in before))
        if step.call.path in strided:
            sites, last = sites | {step.call.path}, frozenset({step.call.path})
        convolves = 'conv' in step.function and is_convolution(step.call.module)
        of.update(dict.fromkeys(step.outputs, History(
            sites, last, max(history.convolutions for history in before) + convolves)))
    return of
