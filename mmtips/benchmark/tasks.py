# Copyright (c) mmtips authors. All rights reserved.
"""A module as a training step sees it: it returns a dict of losses, to which the losses of TIPS are added."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from mmtips.benchmark.released import ReleasedTIPS
from mmtips.losses import TIPSLossHook

ALPHA = 0.35


class Task(nn.Module):
    """Gives a dict of losses as a host's model does: the sum of the means of what the module returns.

    Args:
        module: A layer or network.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The losses of a batch ``(N, C, H, W)``, scalars by name."""
        output = self.module(x)
        maps = [output] if isinstance(output, Tensor) else list(output)
        return dict(loss=torch.stack([y.float().mean() for y in maps]).sum())


def without_losses(task: Task) -> Task:
    """The task alone."""
    return task


def with_losses(task: Task) -> Task:
    """Add both losses as a training does: through :class:`mmtips.losses.TIPSLossHook`, L_undo from the first step on.

    Args:
        task: A task whose module has TIPS operators.

    Returns:
        The task.
    """
    hook = TIPSLossHook(alpha=ALPHA, undo_start=0)
    # The hook is made for a runner; of that it reads the model and the counters.
    runner: Any = SimpleNamespace(model=task, iter=0, max_iters=1)
    hook.before_train(runner)
    hook.before_train_iter(runner, 0)
    return task


def with_released_losses(task: Task) -> Task:
    """Add both losses as the released code computes them.

    Args:
        task: A task whose module is a :class:`ReleasedTIPS`.

    Returns:
        The task.
    """
    task.register_forward_hook(_add_released)
    return task


def _add_released(task: nn.Module, args: Any, losses: dict[str, Tensor]) -> dict[str, Tensor]:  # noqa: ARG001
    operators = [module for module in task.modules() if isinstance(module, ReleasedTIPS)]
    terms = [operator.losses() for operator in operators]
    for operator in operators:
        operator.forget()
    mixing, undo = (torch.stack(of).mean() for of in zip(*terms, strict=True))
    return dict(loss_task=(1 - ALPHA) * losses['loss'], loss_mixing=mixing, loss_undo=ALPHA * undo)


#: By the name that a candidate gives.
LOSSES: dict[str, Callable[[Task], Task]] = {
    'task': without_losses, 'tips': with_losses, 'released': with_released_losses}


def total_loss(losses: dict[str, Any]) -> Tensor:
    """What a trainer differentiates: the sum of all whose key says loss."""
    return torch.stack([value for key, value in losses.items() if 'loss' in key]).sum()
