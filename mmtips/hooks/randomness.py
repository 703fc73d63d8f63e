# Copyright (c) mmtips authors. All rights reserved.
"""Random numbers that survive an interruption."""

import random
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import BaseLoop, IterBasedTrainLoop, Runner


def _states() -> dict[str, Any]:
    """The states of all generators that a training draws from, as arrays and numbers."""
    # Of the GPU that this process trains on: it may see those of others.
    cuda = [torch.cuda.get_rng_state()] if torch.cuda.is_available() else []
    return dict(cpu=torch.get_rng_state(), cuda=cuda, numpy=np.random.get_state(), python=random.getstate())  # noqa: NPY002


def _set_torch(states: dict[str, Any]) -> None:
    torch.set_rng_state(states['cpu'].cpu())
    if states['cuda'] and torch.cuda.is_available():
        torch.cuda.set_rng_state(states['cuda'][0].cpu())


def _set_augmentation(states: dict[str, Any]) -> None:
    np.random.set_state(states['numpy'])  # noqa: NPY002
    random.setstate(states['python'])


@HOOKS.register_module()
class ResumeRandomnessHook(Hook):
    """Keep the state of the generators in checkpoints, so that a resumed training draws the same dropout and crops.

    mmengine resumes weights, optimizer, schedule and the order of the data, but seeds its generators anew. States are
    arrays and numbers, which ``weights_only`` loading takes. A validation, whose data loader draws a seed, leaves the
    generators as they were. In distributed training all processes resume with the state of the first; data loading in
    worker processes has generators of its own.
    """

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self._resumed: dict[str, Any] | None = None
        self._before_val: dict[str, Any] = {}

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:  # noqa: ARG002
        """Add the states to the checkpoint: of one that a validation saves, those that the training goes on with."""
        checkpoint['randomness'] = self._before_val or _states()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:  # noqa: ARG002
        """Remember the states of a checkpoint."""
        self._resumed = checkpoint.get('randomness')

    def before_train(self, runner: Runner) -> None:
        """Set what augmentation draws from, if this training goes on where the checkpoint ended."""
        if runner.iter == 0:
            self._resumed = None
        if self._resumed is not None and not _replays_data(runner.train_loop):
            _set_augmentation(self._resumed)

    def before_train_epoch(self, runner: Runner) -> None:
        """Set what an epoch-based training draws from: each epoch begins with the seed of its data loader."""
        if not isinstance(runner.train_loop, IterBasedTrainLoop):
            self._go_on()

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Set what an iteration-based training draws from: its data loader drew its seed when it was built."""
        self._go_on()

    def before_val(self, runner: Runner) -> None:  # noqa: ARG002
        """Remember the states."""
        self._before_val = _states()

    def after_val(self, runner: Runner) -> None:  # noqa: ARG002
        """Go on as if there had been no validation."""
        _set_torch(self._before_val)
        _set_augmentation(self._before_val)
        self._before_val = {}

    def _go_on(self) -> None:
        if self._resumed is not None:
            _set_torch(self._resumed)
            self._resumed = None


def _replays_data(loop: BaseLoop) -> bool:
    """Whether a resumed loop loads and drops the data of the iterations done, which brings augmentation up to date.

    Upstream's iteration-based loop does; the OneDL fork skips them in the sampler, and epochs begin anew.
    """
    return isinstance(loop, IterBasedTrainLoop) and not hasattr(loop.dataloader_iterator, 'skip_iter')
