# Copyright (c) mmtips authors. All rights reserved.
"""Random numbers that survive an interruption."""

import random
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import BaseLoop, IterBasedTrainLoop, Runner


@HOOKS.register_module()
class ResumeRandomnessHook(Hook):
    """Keep the state of the generators in checkpoints, so that a resumed training draws the same dropout and crops.

    mmengine resumes weights, optimizer, schedule and the order of the data, but seeds its generators anew. States are
    arrays and numbers, which ``weights_only`` loading takes. In distributed training all processes resume with the
    state of the first; data loading in worker processes has generators of its own.
    """

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self._resumed: dict[str, Any] | None = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:  # noqa: ARG002
        """Add the states to the checkpoint."""
        checkpoint['randomness'] = dict(cpu=torch.get_rng_state(), cuda=torch.cuda.get_rng_state_all(),
                                        numpy=np.random.get_state(), python=random.getstate())  # noqa: NPY002

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:  # noqa: ARG002
        """Remember the states of a checkpoint."""
        self._resumed = checkpoint.get('randomness')

    def before_train(self, runner: Runner) -> None:
        """Set what augmentation draws from, if this training goes on where the checkpoint ended."""
        if runner.iter == 0:
            self._resumed = None
        if self._resumed is not None and not _replays_data(runner.train_loop):
            np.random.set_state(self._resumed['numpy'])  # noqa: NPY002
            random.setstate(self._resumed['python'])

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Set what the model draws from, once: after the data loader has drawn the seed of its workers."""
        if self._resumed is None:
            return
        torch.set_rng_state(self._resumed['cpu'].cpu())
        if len(self._resumed['cuda']) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([state.cpu() for state in self._resumed['cuda']])
        self._resumed = None


def _replays_data(loop: BaseLoop) -> bool:
    """Whether a resumed loop loads and drops the data of the iterations done, which brings augmentation up to date.

    Upstream's iteration-based loop does; the OneDL fork skips them in the sampler, and epochs begin anew.
    """
    return isinstance(loop, IterBasedTrainLoop) and not hasattr(loop.dataloader_iterator, 'skip_iter')
