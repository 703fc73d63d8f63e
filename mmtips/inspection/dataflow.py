# Copyright (c) mmtips authors. All rights reserved.
"""How maps flow through a built network: one run of its forward, recorded, on tensors that have a shape and no data.

The record knows nothing of hosts or block families. Every tensor that comes from the image gets a number, every torch
function that was called is a :class:`Step` between numbers, and every module that was called is a :class:`Call`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from mmtips.inspection.strided import is_convolution

#: Height and width of the image in a record: what classifiers are built for, a multiple of 32.
SIZE = 224
#: A step that reads the size of a map, and not its values.
LOOK = 'shape'
_LOOKS = (Tensor.shape.__get__, Tensor.size)  # type: ignore[attr-defined]
#: They keep the shape of their input. Without data, torch takes three quarters of a whole run to decompose them.
_NORMS = (F.batch_norm, F.group_norm, F.instance_norm, F.layer_norm)


@dataclass(eq=False)
class Call:
    """One call of a module.

    Attributes:
        path: Where the module is.
        module: The module.
        parent: The call that it is part of; None for the network itself.
        first: Number of its first argument, if that is a map.
        inputs: Numbers of all maps among its arguments.
        outputs: Numbers of all maps that it returned.
    """

    path: str
    module: nn.Module
    parent: 'Call | None'
    first: int | None
    inputs: list[int]
    outputs: list[int] = field(default_factory=list)

    def inside(self, other: 'Call') -> bool:
        """Whether this call is ``other`` or a part of it."""
        call: Call | None = self
        while call is not None and call is not other:
            call = call.parent
        return call is other


@dataclass(eq=False)
class Step:
    """One call of a torch function, such as ``conv2d``, with the numbers of its inputs and of what it returned.

    Where a forward looks at the size of a map the function is :data:`LOOK`, and nothing was returned.

    Attributes:
        macs: Multiply-adds if it is a convolution, else 0.
    """

    function: str
    call: Call
    inputs: list[int]
    outputs: list[int]
    macs: int = 0


@dataclass
class Dataflow:
    """The record of one forward.

    Attributes:
        shapes: The shape of every numbered map, number 0 being the image.
        calls: Calls of modules in the order in which they began.
        steps: Torch functions in the order in which they were called.
    """

    shapes: list[tuple[int, ...]] = field(default_factory=list)
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


class _Recorder(TorchFunctionMode):
    """Sees every torch function, and by hooks every module."""

    def __init__(self) -> None:
        super().__init__()
        self.flow = Dataflow()
        self._numbers: dict[int, int] = {}
        self._kept: list[Tensor] = []  # so that no identity is given twice
        self._open: list[Call] = []

    def number(self, tensor: Tensor) -> int:
        """Give a map its number; a map that was changed in place gets a new one."""
        self._kept.append(tensor)
        self._numbers[id(tensor)] = len(self.flow.shapes)
        self.flow.shapes.append(tuple(tensor.shape))
        return self._numbers[id(tensor)]

    def numbers(self, values: Any) -> list[int]:
        """The numbers of all maps in nested values, each once."""
        known = [self._numbers.get(id(leaf)) for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]
        return list(dict.fromkeys(number for number in known if number is not None))

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the function, and note it if maps go in and come out."""
        inputs = self.numbers((args, kwargs))
        result = torch.empty_like(args[0]) if func in _NORMS else func(*args, **(kwargs or {}))
        name = LOOK if func in _LOOKS else getattr(func, '__name__', str(func))
        changed = args[0] if name == '__setitem__' else result
        tensors = [leaf for leaf in tree_leaves(changed) if isinstance(leaf, Tensor)]
        if inputs and (tensors or name == LOOK) and self._open:
            outputs = [self.number(tensor) for tensor in tensors]
            macs = result.numel() * args[1][0].numel() if name == 'conv2d' else 0
            self.flow.steps.append(Step(name, self._open[-1], inputs, outputs, macs))
        return result

    def begin(self, path: str, module: nn.Module, args: Any, kwargs: Any) -> None:
        """A module was called."""
        first = self.numbers(args[0]) if args and isinstance(args[0], Tensor) else []
        call = Call(path, module, self._open[-1] if self._open else None, first[0] if first else None,
                    self.numbers((args, kwargs)))
        self.flow.calls.append(call)
        self._open.append(call)

    def end(self, module: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG002
        """It returned."""
        self._open.pop().outputs = self.numbers(output)


def record(network: nn.Module, image: Tensor | None = None) -> Dataflow:
    """Run a network once, in eval and without data, and record how its maps flow.

    Args:
        network: Any module that maps an image to maps; it is left as it was.
        image: What it is run on, ``(N, C, H, W)``; if not given, one image of 224 x 224 pixels with as many channels as
            the first convolution reads.

    Returns:
        The record.

    Raises:
        ValueError: If the forward fails.
    """
    channels = next((module.in_channels for module in network.modules() if isinstance(module, nn.Conv2d)), 3)
    like = next(network.parameters(), torch.empty(0))
    recorder = _Recorder()
    with _prepared(network, recorder), FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
        shape = (1, channels, SIZE, SIZE) if image is None else tuple(image.shape)
        x = torch.empty(shape, dtype=like.dtype, device=like.device)
        recorder.number(x)
        try:
            with recorder:
                network(x)
        except Exception as error:
            raise ValueError(f'{type(network).__name__} could not be run on an image of shape {shape}, which is how '
                             f'its strides are found: {type(error).__name__}: {error}') from error
    return recorder.flow


@contextmanager
def _prepared(network: nn.Module, recorder: _Recorder) -> Iterator[None]:
    """Hooks on every module, and eval; all is taken back at the end."""
    handles: list[Any] = []
    mode, modes = network.training, {module: module.training for module in network.modules()}
    network.train(False)  # not module by module: some prepare themselves for eval in it
    convolutions = [module for module in modes if is_convolution(module) and not isinstance(module, nn.Conv2d)]
    try:
        for path, module in network.named_modules():
            handles.append(module.register_forward_pre_hook(_begin(recorder, path), prepend=True, with_kwargs=True))
            handles.append(module.register_forward_hook(recorder.end))
        for module in convolutions:  # a deformable one, say, may need a compiled operator: a plain one flows alike
            module.forward = partial(_plain, module)
        yield
    finally:
        for handle in handles:
            handle.remove()
        network.train(mode)
        for module, training in modes.items():
            module.training = training
        for module in convolutions:
            del module.forward


def _begin(recorder: _Recorder, path: str) -> Any:
    return lambda module, args, kwargs: recorder.begin(path, module, args, kwargs)


def _plain(convolution: Any, x: Tensor, *_: Any, **__: Any) -> Tensor:
    groups = x.shape[1] // convolution.weight.shape[1]
    return F.conv2d(x, convolution.weight, None, convolution.stride, getattr(convolution, 'padding', 0),
                    getattr(convolution, 'dilation', 1), groups)
