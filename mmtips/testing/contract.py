# Copyright (c) mmtips authors. All rights reserved.
"""The operator contract as a test suite, for the operators of this package and for users' own.

``for check in CONTRACT.values(): check(lambda channels, stride: MyOperator(channels, stride))``, or one test for each.
"""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from mmtips.downsampling import GUARANTEES, Downsampler
from mmtips.testing.shift_error import shift_error

#: ``(channels, stride) -> operator``, freshly initialised at each call.
Factory = Callable[[int, int], Downsampler]


class ContractViolation(AssertionError):
    """An operator breaks the contract of :class:`mmtips.downsampling.Downsampler`."""


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ContractViolation(message)


def _input(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _close(actual: Tensor, expected: Tensor, what: str, tolerance: float = 1e-5) -> None:
    _require(actual.shape == expected.shape, f'{what}: expected {tuple(expected.shape)}, got {tuple(actual.shape)}')
    error = (actual.double() - expected.double()).abs().max().item()
    _require(error <= tolerance, f'{what}: differs by {error:.3g}')


def _perturbed(operator: Downsampler, seed: int) -> Downsampler:
    """The operator with parameters at which no initial value flatters it."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in operator.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))
    return operator


def check_shape(make: Factory) -> None:
    """The output has ceil(H/s) x ceil(W/s) pixels, for odd, small and oblong maps, empty batches, and any stride."""
    for stride in (2, 3, 4):
        operator = make(3, stride).eval()
        for height, width in ((stride + 2, stride + 2), (8, 9), (15, 17), (12, 24), (13, 7)):
            out = operator(_input(1, 3, height, width))
            expected = (1, 3, -(-height // stride), -(-width // stride))
            _require(isinstance(out, Tensor), f'expected a tensor, got {type(out).__name__}')
            _require(out.shape == expected, f'stride {stride}, {height} x {width}: {out.shape}, not {expected}')
        empty = operator(_input(0, 3, 12, 12)).shape
        _require(empty == (0, 3, 12 // stride, 12 // stride), f'stride {stride}: an empty batch gives {tuple(empty)}')


def check_dtypes(make: Factory) -> None:
    """Half precision in and out, close to float32; autocast works; the memory format does not matter."""
    operator, x = make(4, 2).eval(), 0.1 * _input(2, 4, 11, 12)
    x[..., ::2, 1::2] *= 10  # one phase stands out: which one an operator selects must not hang on rounding
    expected = operator(x)
    _close(operator(x.to(memory_format=torch.channels_last)), expected, 'channels_last')
    with torch.autocast('cpu', torch.bfloat16):
        _close(operator(x), expected, 'bfloat16 autocast', 0.1)
    for dtype in (torch.float64, torch.bfloat16, torch.float16):
        low = copy.deepcopy(operator).to(dtype)
        out = low(x.to(dtype))
        _require(out.dtype == dtype, f'expected {dtype} out for {dtype} in, got {out.dtype}')
        _close(out, expected, str(dtype), 0.1)


def check_eval(make: Factory) -> None:
    """Eval is deterministic, draws no random number, and keeps nothing."""
    operator, x = make(4, 2).eval(), _input(2, 4, 8, 8)
    state, attributes = torch.get_rng_state(), _attributes(operator)
    held = [tensor.clone() for tensor in (*operator.parameters(), *operator.buffers())]
    first = operator(x)
    _require(torch.equal(first, operator(x)), 'two passes in eval differ')
    _require(torch.equal(state, torch.get_rng_state()), 'eval draws random numbers')
    _require(attributes == _attributes(operator), 'eval leaves something on the module')
    now = (*operator.parameters(), *operator.buffers())
    _require(all(map(torch.equal, held, now)), 'eval changes a parameter or a buffer')


def _attributes(operator: Downsampler) -> list[str]:
    """What the modules of an operator hold beside parameters and buffers."""
    return [f'{path}.{name}={value!r}' for path, module in operator.named_modules()
            for name, value in vars(module).items() if not name.startswith('__') and not isinstance(value, dict)]


def check_copies(make: Factory) -> None:
    """State dicts, deepcopy and pickle keep the function."""
    operator, x = make(4, 2).eval(), _input(2, 4, 8, 8)
    expected = operator(x)
    fresh = make(4, 2).eval()
    fresh.load_state_dict(operator.state_dict())
    _close(fresh(x), expected, 'state dict', 0)
    _close(copy.deepcopy(operator)(x), expected, 'deepcopy', 0)
    _close(pickle.loads(pickle.dumps(operator))(x), expected, 'pickle', 0)  # noqa: S301 - pickled right here


def check_gradients(make: Factory) -> None:
    """Gradients are right (float64 gradcheck, odd size) and reach the input and every parameter."""
    operator, x = make(2, 2).double().train(), _input(2, 2, 5, 6).double().requires_grad_()

    names, values = zip(*operator.named_parameters(), strict=True) if list(operator.parameters()) else ((), ())

    def replayed(x: Tensor, *parameters: Tensor) -> Tensor:
        torch.manual_seed(0)  # of what is random in training, the same draw each time
        return torch.func.functional_call(operator, dict(zip(names, parameters, strict=True)), (x, ))

    with torch.random.fork_rng(devices=[]):
        _require(torch.autograd.gradcheck(replayed, (x, *values)), 'gradcheck failed')
    operator(x).square().sum().backward()
    _require(x.grad is not None and x.grad.abs().sum() > 0, 'no gradient reaches the input')
    for name, parameter in operator.named_parameters():
        _require(parameter.grad is not None, f'no gradient reaches {name}')


def check_compile(make: Factory) -> None:
    """``torch.compile`` takes the operator whole, training and eval, odd sizes too.

    Every size is compiled by itself: symbolic sizes are what :func:`check_export` looks at, at a tenth of the time.
    """
    torch.compiler.reset()  # each operator is compiled by itself, not as the n-th recompilation of another
    for mode in (True, False):
        operator = make(4, 2).train(mode)
        compiled = torch.compile(operator, backend='aot_eager', fullgraph=True, dynamic=False)
        for size in ((8, 8), (9, 7)):
            x = _input(2, 4, *size)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                expected = operator(x)
                torch.manual_seed(0)
                _close(compiled(x), expected, f'compiled, training={mode}')


def check_export(make: Factory) -> None:
    """``torch.export`` with dynamic height and width serves even and odd sizes."""
    for stride in (2, 3):
        operator = make(4, stride).eval()
        program = _exported(operator).module()
        for size in ((16, 18), (15, 17), (32, 9)):
            x = _input(2, 4, *size)
            _close(program(x), operator(x), f'exported, stride {stride}, {size}')


def _exported(operator: Downsampler) -> torch.export.ExportedProgram:
    sides = {2: torch.export.Dim('height', min=8, max=512), 3: torch.export.Dim('width', min=8, max=512)}
    return torch.export.export(operator, (_input(2, 4, 16, 18), ), dynamic_shapes=(sides, ))


def check_onnx(make: Factory) -> None:
    """ONNX export with dynamic height and width serves even and odd sizes, as onnxruntime computes it.

    The stride is 2: an export takes seconds, and other strides are what :func:`check_export` looks at.
    """
    import onnxruntime  # an extra: only who runs this check needs it

    operator = make(4, 2).eval()
    program: Any = torch.onnx.export(_exported(operator), dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    name = session.get_inputs()[0].name
    for size in ((16, 18), (15, 17), (32, 9)):
        x = _input(2, 4, *size)
        out, = session.run(None, {name: x.numpy()})
        _close(torch.from_numpy(out), operator(x), f'ONNX, {size}')


def check_guarantee(make: Factory) -> None:
    """The operator keeps the guarantee that it declares, for every circular shift and any parameters, and no more."""
    for stride in (2, 3):
        operator = _perturbed(make(3, stride), stride)
        _require(operator.guarantee in GUARANTEES, f'guarantee {operator.guarantee!r} is none of {GUARANTEES}')
        error = shift_error(operator, _input(2, 3, 6 * stride, 6 * stride))
        _require(operator.guarantee == error.kept(),
                 f'declares {operator.guarantee!r}, keeps {error.kept()!r} at stride {stride}: {error}')


def check_constants(make: Factory) -> None:
    """A map that is constant in each channel keeps its values, if the operator says so."""
    values = torch.tensor([-2., 0.5, 3.])[None, :, None, None]
    for stride in (2, 3):
        operator = _perturbed(make(3, stride), stride).eval()
        for size in ((8, 8), (13, 10)) if operator.keeps_constants else ():
            out = operator(values.expand(2, 3, *size))
            _close(out, values.expand_as(out), f'declares to keep constants, stride {stride}, {size}')


def check_errors(make: Factory) -> None:
    """Bad arguments and inputs raise a ValueError."""
    attempts: dict[str, Callable[[], object]] = {
        'stride 0': lambda: make(4, 0),
        'stride 1': lambda: make(4, 1),
        'no channels': lambda: make(0, 2),
        'other channels': lambda: make(4, 2)(_input(1, 5, 8, 8)),
        'three dimensions': lambda: make(4, 2)(_input(4, 8, 8)),
        'a map smaller than the stride': lambda: make(4, 4)(_input(1, 4, 3, 8)),
    }
    for what, attempt in attempts.items():
        try:
            attempt()
        except ValueError:
            continue
        raise ContractViolation(f'{what}: expected a ValueError, got none')


CONTRACT: dict[str, Callable[[Factory], None]] = {
    check.__name__.removeprefix('check_'): check
    for check in (check_shape, check_dtypes, check_eval, check_copies, check_gradients, check_compile, check_export,
                  check_onnx, check_guarantee, check_constants,
                  check_errors)
}
