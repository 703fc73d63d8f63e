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
    """The role and the block of every site of a record.

    Args:
        flow: The record.
        strided: The modules that have a stride and run, by path, in the order in which they run.
    """

    def __init__(self, flow: Dataflow, strided: dict[str, nn.Module]) -> None:
        self._flow = flow
        self._strided = strided
        self._history = _histories(flow, strided)
        #: Path of the block whose branches meet after this site and others, '' if there is none.
        self.block = dict.fromkeys(strided, '')
        #: One of :data:`ROLES`.
        self.role = dict.fromkeys(strided, 'main')
        for step in flow.steps:
            if len(step.inputs) > 1 and step.call.parent is not None and step.call.inputs == [step.call.first]:
                self._join(step)
        for path, module in strided.items():
            if is_convolution(module):
                self._stem_conv(path)
            else:
                self._pool(path, module)

    def _behind(self, path: str) -> History:
        """The history of what a site reads."""
        return self._history[self._flow.calls_of(path)[0].inputs[0]]

    def _join(self, step: Step) -> None:
        """Branches that part from the one input of a module and meet in its forward belong together."""
        ends = {number: self._inside(self._history[number].last, step.call) for number in step.inputs}
        sites = frozenset().union(*ends.values())
        apart = any(one and other and not one & other for one, other in combinations(ends.values(), 2))
        if not apart or not self._parallel(sites, step.call):
            return
        self.block.update(dict.fromkeys(sites, step.call.path))
        if step.function in ADDITIONS:
            most = max(self._history[number].convolutions for number in ends)
            for number, branch in ends.items():
                if self._history[number].convolutions < most:
                    self.role.update(dict.fromkeys(branch, 'skip'))

    def _inside(self, sites: Collection[str], block: Call) -> frozenset[str]:
        return frozenset(path for path in sites if any(call.inside(block) for call in self._flow.calls_of(path)))

    def _parallel(self, sites: Collection[str], block: Call) -> bool:
        """Whether all of them divide the map that enters the block, by the same factor."""
        return len({(self._inside(self._behind(path).sites, block), pair(self._strided[path].stride))
                    for path in sites}) == 1

    def _stem_conv(self, path: str) -> None:
        if self._behind(path).convolutions == 0:
            self.role[path] = 'stem_conv'

    def _pool(self, path: str, pool: Any) -> None:
        behind = self._behind(path).sites
        if not self.block[path] and behind and all(self.role[site] == 'stem_conv' for site in behind):
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
