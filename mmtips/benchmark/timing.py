# Copyright (c) mmtips authors. All rights reserved.
"""Time candidates against each other within one run.

Times on a shared machine drift by far more than candidates differ. So every round runs all of them in turn, and what is
reported beside the median times is the median of the ratios *within* the rounds.
"""

import statistics
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmtips.report.cost import elapsed_ms


class Cost(NamedTuple):
    """What one candidate costs.

    Attributes:
        forward_ms: Milliseconds of a forward in eval, median over the rounds.
        step_ms: Of a forward and backward in training.
        forward_ratio: Quartiles and median over the rounds of the forward relative to the reference's.
        step_ratio: The same for the step.
        saved_bytes: Bytes that one forward keeps for its backward, without parameters and the input.
        macs: Multiply-adds of the convolutions and matrix products of one sample's forward; no others are counted.
        parameters: Number of values.
    """

    forward_ms: float
    step_ms: float
    forward_ratio: dict[str, float]
    step_ratio: dict[str, float]
    saved_bytes: int
    macs: int
    parameters: int


def compare(modules: Mapping[str, nn.Module], x: Tensor, reference: str, rounds: int = 11,
            progress: Callable[[int], None] | None = None) -> dict[str, Cost]:
    """Measure modules on one input, round by round, in an order that turns with the rounds.

    Args:
        modules: The candidates by name.
        x: ``(N, C, H, W)``.
        reference: Name of the candidate that the others are related to.
        rounds: Timed rounds, after one to warm up; at least 2.
        progress: Called with the number of each finished round.

    Returns:
        The cost of each candidate, in the order given.

    Raises:
        ValueError: If the reference is not among the candidates, or the rounds are too few.
    """
    if reference not in modules:
        raise ValueError(f'reference: expected one of {list(modules)}, got {reference!r}')
    if rounds < 2:
        raise ValueError(f'rounds: expected at least 2, got {rounds}')
    forward: dict[str, list[float]] = {name: [] for name in modules}
    step: dict[str, list[float]] = {name: [] for name in modules}
    names = list(modules)
    for turn in range(rounds + 1):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            forward[name].append(_forward_ms(modules[name], x))
            step[name].append(_step_ms(modules[name], x))
        if progress is not None:
            progress(turn)
    return {name: Cost(statistics.median(forward[name][1:]), statistics.median(step[name][1:]),
                       _ratio(forward[name][1:], forward[reference][1:]), _ratio(step[name][1:], step[reference][1:]),
                       saved_bytes(module, x), macs(module, x), sum(p.numel() for p in module.parameters()))
            for name, module in modules.items()}


def _ratio(times: list[float], reference: list[float]) -> dict[str, float]:
    ratios = [a / b for a, b in zip(times, reference, strict=True)]
    low, median, high = statistics.quantiles(ratios, n=4, method='inclusive')
    return dict(median=median, low=low, high=high)


def _total(output: Any) -> Tensor:
    """A scalar of what a module returns, one map or several."""
    maps = [output] if isinstance(output, Tensor) else list(output)
    return torch.stack([y.mean() for y in maps]).sum()


@torch.no_grad()
def _forward_ms(module: nn.Module, x: Tensor) -> float:
    module.eval()
    return elapsed_ms(lambda: module(x), x.device)


def _step_ms(module: nn.Module, x: Tensor) -> float:
    module.train()
    module.zero_grad(set_to_none=True)
    x = x.detach().requires_grad_()
    return elapsed_ms(lambda: _total(module(x)).backward(), x.device)


def saved_bytes(module: nn.Module, x: Tensor) -> int:
    """Bytes that a training forward keeps for its backward: each storage once, without parameters and the input."""
    module.train()
    own = {tensor.untyped_storage().data_ptr() for tensor in (x, *module.parameters(), *module.buffers())}
    kept: dict[int, int] = {}
    alive = []  # a freed storage's address could come back as another one's

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        _total(module(x.detach().requires_grad_()))
    return sum(kept.values())


@torch.no_grad()
def macs(module: nn.Module, x: Tensor) -> int:
    """Multiply-adds of the convolutions and matrix products of one sample's forward in eval."""
    module.eval()
    with FlopCounterMode(display=False) as counter:
        module(x[:1])
    return counter.get_total_flops() // 2
