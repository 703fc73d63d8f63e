# Copyright (c) mmtips authors. All rights reserved.
"""What is written down while a cell trains: its time, its validation curve, its phase weights."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from mmtips.downsampling import TIPS, LearnedChooser, PhaseSelector
from mmtips.evaluation.adapters import find_score
from mmtips.losses import LossRecorder
from mmtips.wrappers import unwrap


class TrainingRecordHook(Hook):
    """The seconds of the training alone, and the score of every validation.

    Attributes:
        seconds: Of this process between the first and the last iteration, validation left out: CPU seconds, or seconds
            on the clock where a GPU computes.
        curve: Pairs of iteration and score, in [0, 1].
    """

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self.seconds = 0.0
        self.curve: list[tuple[int, float]] = []
        self._since = 0.0

    def before_train(self, runner: Runner) -> None:  # noqa: ARG002
        """Start the clock."""
        self._since = _now()

    def after_train(self, runner: Runner) -> None:  # noqa: ARG002
        """Stop it."""
        self._stop()

    def before_val(self, runner: Runner) -> None:  # noqa: ARG002
        """Stop it while validating."""
        self._stop()

    def after_val(self, runner: Runner) -> None:  # noqa: ARG002
        """Go on."""
        self._since = _now()

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,  # noqa: ARG002
                         outputs: Any = None) -> None:
        """Give up a training that diverged.

        Raises:
            FloatingPointError: If a loss is not finite.
        """
        bad = {key: float(value) for key, value in (outputs or {}).items()
               if 'loss' in key and not math.isfinite(float(value))}
        if bad:
            raise FloatingPointError(f'iteration {runner.iter + 1}: the loss is not finite: {bad}')

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Write the score down."""
        name = find_score(metrics or {})
        if metrics and name is not None:
            self.curve.append((runner.iter, float(metrics[name]) / 100))

    def _stop(self) -> None:
        self.seconds += _now() - self._since


def _now() -> float:
    """CPU seconds of this process, which other processes do not lengthen; on a GPU, which has one alone, the clock."""
    if not torch.cuda.is_available():
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


class PhaseWeightsHook(Hook):
    """The mean largest phase weight of every layer whose operator mixes phases adaptively, in the course of a training.

    TIPS is seen through its observer, with and without its losses, and LPS through the listeners of its choice. Between
    1 / s^2, where all phases count alike, and 1, where one is selected.

    Args:
        interval: Iterations from one value to the next; a value is the mean over these, all samples and channels.

    Attributes:
        curves: By the path of the operator pairs of iteration and value.
    """

    priority = 'LOW'  # after the hook that adds the losses

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.curves: dict[str, list[tuple[int, float]]] = {}
        self._watchers: dict[str, _Watcher] = {}

    def before_train(self, runner: Runner) -> None:
        """Watch the operators."""
        for path, module in unwrap(runner.model).named_modules():
            watcher = _Watcher()
            if _watch(module, watcher):
                self._watchers[path], self.curves[path] = watcher, []

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Write values down."""
        if (runner.iter + 1) % self.interval == 0:
            for path, watcher in self._watchers.items():
                self.curves[path].append((runner.iter + 1, watcher.mean()))

    def after_train(self, runner: Runner) -> None:
        """Leave the operators as they were."""
        for path, watcher in self._watchers.items():
            module: Any = unwrap(runner.model).get_submodule(path)
            if isinstance(module, TIPS):
                module.observer = None if module.observer is watcher else module.observer
            else:
                module.listeners.remove(watcher.see)
        self._watchers.clear()


class _Watcher:
    """Adds up the largest weights that it sees; an observer of TIPS that wants nothing else."""

    mode = 'standard'

    def __init__(self) -> None:
        self._sum, self._count = torch.zeros(()), 0

    def undo_shift(self, size: Any) -> None:  # noqa: ARG002
        """No prediction is wanted."""

    def __call__(self, phase_weights: Tensor, undo: Tensor) -> None:  # noqa: ARG002
        """As the observer of TIPS."""
        self.see(phase_weights)

    def see(self, phase_weights: Tensor) -> None:
        """Add the weights ``(..., s*s)`` of a call."""
        largest = phase_weights.detach().float().amax(-1)
        self._sum = self._sum.to(largest.device) + largest.sum()
        self._count += largest.numel()

    def mean(self) -> float:
        """The mean since the last time."""
        value = float(self._sum) / max(self._count, 1)
        self._sum, self._count = torch.zeros(()), 0
        return value


def _watch(module: nn.Module, watcher: _Watcher) -> bool:
    """Let a watcher see the weights of a module, if it has some that adapt."""
    see: Callable[[Tensor], None] = watcher.see
    if isinstance(module, TIPS):
        if isinstance(module.observer, LossRecorder):
            module.observer.watcher = see
        else:
            module.observer = watcher
        return True
    if isinstance(module, PhaseSelector) and isinstance(module.chooser, LearnedChooser):
        module.listeners.append(see)
        return True
    return False
