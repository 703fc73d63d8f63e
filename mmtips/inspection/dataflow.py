# Copyright (c) mmtips authors. All rights reserved.
"""How maps flow through a network: the record of one forward.

The record knows nothing of hosts or block families. Every tensor that comes from the image has a number, every torch
function that was called is a :class:`Step` between numbers, and every module that was called is a :class:`Call`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from torch import nn

#: A step that reads the size of a map, and not its values.
LOOK = 'shape'


@dataclass(eq=False)
class Call:
    """One call of a module.

    Attributes:
        path: Where the module is.
        module: The module (of a copy of the network).
        parent: The call that it is part of; None for the network itself.
        first: Number of its first argument, if that is a map.
        inputs: Numbers of all maps among its arguments, as often as they are given.
        outputs: Numbers of all maps that it returned.
        bare: Whether it returned a map, and not something that holds maps.
    """

    path: str
    module: nn.Module
    parent: 'Call | None'
    first: int | None
    inputs: list[int]
    outputs: list[int] = field(default_factory=list)
    bare: bool = False

    def around(self) -> Iterator['Call']:
        """This call and all that it is part of, the innermost first."""
        call: Call | None = self
        while call is not None:
            yield call
            call = call.parent

    def inside(self, other: 'Call') -> bool:
        """Whether this call is ``other`` or a part of it."""
        return any(call is other for call in self.around())


@dataclass(eq=False)
class Step:
    """One call of a torch function, such as ``conv2d``, with the numbers of its inputs and of what it returned.

    Where a forward looks at the size of a map the function is :data:`LOOK`, and nothing was returned.

    Attributes:
        macs: Multiply-adds if it is a convolution, else 0.
        others: Shapes of the tensors among its arguments that do not come from the image, such as weights.
        border: What ``pad`` puts before and behind the columns and rows: left, right, top, bottom.
    """

    function: str
    call: Call
    inputs: list[int]
    outputs: list[int]
    macs: int = 0
    others: list[tuple[int, ...]] = field(default_factory=list)
    border: tuple[int, ...] = ()


@dataclass
class Dataflow:
    """The record of one forward.

    Attributes:
        shapes: The shape of every numbered map, number 0 being the image.
        origin: For every number the first that its tensor had: it got another one with every change in place.
        calls: Calls of modules in the order in which they began.
        steps: Torch functions in the order in which they were called.
    """

    shapes: list[tuple[int, ...]] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def outputs(self) -> list[int]:
        """Numbers of the maps that the network returned."""
        return self.calls[0].outputs

    def readers(self, number: int) -> list[Step]:
        """The steps that read a map."""
        return [step for step in self.steps if number in step.inputs]

    def calls_of(self, path: str) -> list[Call]:
        """The calls of the module at ``path``."""
        return [call for call in self.calls if call.path == path]
