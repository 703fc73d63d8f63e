# Copyright (c) mmtips authors. All rights reserved.
"""Run a network once on tensors that have a shape and no data, and record how its maps flow."""

import copy
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from mmtips.inspection.dataflow import LOOK, Call, Dataflow, Step
from mmtips.inspection.strided import is_convolution, pair

#: Height and width of the image in a record: what classifiers are built for, a multiple of 32.
SIZE = 224
_LOOKS = (Tensor.shape.__get__, Tensor.size)  # type: ignore[attr-defined]


def _as_batch_norm(input: Tensor, running_mean: Tensor | None, *_: Any, **__: Any) -> Sequence[int] | None:
    return input.shape if running_mean is not None and running_mean.shape == input.shape[1:2] else None


def _as_group_norm(input: Tensor, num_groups: int, *_: Any, **__: Any) -> Sequence[int] | None:
    return input.shape if input.dim() > 1 and input.shape[1] % num_groups == 0 else None


def _as_layer_norm(input: Tensor, normalized_shape: Sequence[int], *_: Any, **__: Any) -> Sequence[int] | None:
    return input.shape if tuple(input.shape[-len(normalized_shape):]) == tuple(normalized_shape) else None


def _as_linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Sequence[int] | None:  # noqa: ARG001
    return (*input.shape[:-1], weight.shape[0]) if input.shape[-1:] == weight.shape[1:] else None


def _as_convolution(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,  # noqa: ARG001
                    padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Sequence[int] | None:
    terms = zip(input.shape[-2:], weight.shape[-2:], pair(stride), pair(0 if isinstance(padding, str) else padding),
                pair(dilation), strict=True)
    sides = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in terms]
    if isinstance(padding, str) or min(sides) < 1 or input.shape[-3] != groups * weight.shape[1]:
        return None
    return (*input.shape[:-3], weight.shape[0], *sides)


#: The shape of what these return follows from their arguments. Without data, torch takes most of a whole run to find it
#: out: it decomposes norms and products, and asks convolutions for their backend. None: ask torch, or let it refuse.
_SHAPES: dict[Any, Callable[..., Sequence[int] | None]] = {
    torch.conv2d: _as_convolution,
    F.linear: _as_linear,
    F.batch_norm: _as_batch_norm,
    F.group_norm: _as_group_norm,
    F.layer_norm: _as_layer_norm,
}


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
        number, before = len(self.flow.shapes), self._numbers.get(id(tensor))
        self._kept.append(tensor)
        self._numbers[id(tensor)] = number
        self.flow.shapes.append(tuple(tensor.shape))
        self.flow.origin.append(number if before is None else self.flow.origin[before])
        return number

    def numbers(self, values: Any) -> list[int]:
        """The numbers of all maps in nested values."""
        known = [self._numbers.get(id(leaf)) for leaf in _tensors(values)]
        return [number for number in known if number is not None]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the function, and note it if maps go in and come out."""
        kwargs = kwargs or {}
        inputs = list(dict.fromkeys(self.numbers((args, kwargs))))
        others = [tuple(leaf.shape) for leaf in _tensors((args, kwargs)) if id(leaf) not in self._numbers]
        result = _run(func, args, kwargs)
        name = LOOK if func in _LOOKS else getattr(func, '__name__', str(func))
        made = _tensors(args[0] if name == '__setitem__' else result)
        if inputs and (made or name == LOOK) and self._open:
            outputs = [self.number(tensor) for tensor in made]
            macs, border = _macs(name, args, kwargs, result), _border(name, args, kwargs)
            self.flow.steps.append(Step(name, self._open[-1], inputs, outputs, macs, others, border))
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
        call = self._open.pop()
        call.outputs, call.bare = self.numbers(output), isinstance(output, Tensor)


def _run(func: Any, args: Any, kwargs: Any) -> Any:
    known = _SHAPES.get(func)
    shape = None if known is None else known(*args, **kwargs)
    return func(*args, **kwargs) if shape is None else (args or [kwargs['input']])[0].new_empty(shape)


def _tensors(values: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]


def _macs(name: str, args: Any, kwargs: Any, result: Any) -> int:
    if name not in ('conv2d', 'conv_transpose2d'):
        return 0
    named = dict(zip(('input', 'weight'), args, strict=False)) | kwargs
    at_each = math.prod(named['weight'].shape[1:])
    return math.prod((result if name == 'conv2d' else named['input']).shape) * at_each


def _border(name: str, args: Any, kwargs: Any) -> tuple[int, ...]:
    return tuple(args[1] if len(args) > 1 else kwargs['pad']) if name == 'pad' else ()


def record(network: nn.Module, image: Tensor | None = None) -> Dataflow:
    """Run a copy of a network once, in eval and without data, and record how its maps flow.

    Args:
        network: Any module that maps an image to maps; it is left as it was.
        image: What it is run on, ``(N, C, H, W)``; if not given, one image of 224 x 224 pixels with as many channels as
            the first convolution reads.

    Returns:
        The record.

    Raises:
        ValueError: If the forward fails.
    """
    like = next(network.parameters(), torch.empty(0))
    shape = tuple((blank_image(network, (SIZE, SIZE)) if image is None else image).shape)
    recorder = _Recorder()
    try:
        twin = _prepared(network, recorder)
        with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
            x = torch.empty(shape, dtype=like.dtype, device=like.device)
            recorder.number(x)
            with recorder:
                twin(x)
    except Exception as error:
        raise ValueError(f'{type(network).__name__} could not be run on an image of shape {shape}, without its values, '
                         f'which is how its strides are found: {type(error).__name__}: {error}. If it takes other '
                         'images, give one: image=torch.empty(...), or input_size=(C, H, W) in a config') from error
    return recorder.flow


def blank_image(network: nn.Module, size: tuple[int, int]) -> Tensor:
    """One image of a height and width, ``(1, C, H, W)``, with as many channels as the first convolution reads, or 3."""
    channels = next((module.in_channels for module in network.modules() if isinstance(module, nn.Conv2d)), 3)
    return torch.empty(1, 1, 1, 1).expand(1, channels, *size)


def _prepared(network: nn.Module, recorder: _Recorder) -> nn.Module:
    """A copy in eval with hooks on every module: nothing that its forward leaves behind reaches the network.

    Parameters have the storage of the network's, and flags of their own: ``train`` of the hosts freezes some.
    """
    memo: dict[int, Any] = {id(parameter): nn.Parameter(parameter.detach(), parameter.requires_grad)
                            for parameter in network.parameters()}
    memo |= {id(buffer): buffer for buffer in network.buffers()}
    twin = copy.deepcopy(network, memo)
    twin.train(False)
    for path, module in twin.named_modules():
        module.register_forward_pre_hook(_begin(recorder, path), prepend=True, with_kwargs=True)
        module.register_forward_hook(recorder.end)
        if is_convolution(module) and not isinstance(module, nn.Conv2d):
            # A deformable one, say, may need a compiled operator: a plain one flows alike.
            module.forward = partial(_plain, module)
    return twin


def _begin(recorder: _Recorder, path: str) -> Any:
    return lambda module, args, kwargs: recorder.begin(path, module, args, kwargs)


def _plain(convolution: Any, x: Tensor, *_: Any, **__: Any) -> Tensor:
    groups = x.shape[1] // convolution.weight.shape[1]
    return F.conv2d(x, convolution.weight, None, convolution.stride, getattr(convolution, 'padding', 0),
                    getattr(convolution, 'dilation', 1), groups)
