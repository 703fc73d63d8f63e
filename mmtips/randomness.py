# Copyright (c) mmtips authors. All rights reserved.
"""Random numbers that survive an interruption."""

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class ResumeRandomnessHook(Hook):
    """Keep the state of torch's generators in checkpoints, so that a resumed training draws the same dropout.

    mmengine resumes weights, optimizer, schedule and data, but seeds its generators anew. States are byte tensors,
    which ``weights_only`` loading takes. In distributed training all processes resume with the state of the first.
    """

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self._resumed: dict[str, Any] | None = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:  # noqa: ARG002
        """Add the states to the checkpoint."""
        checkpoint['torch_rng'] = dict(cpu=torch.get_rng_state(), cuda=torch.cuda.get_rng_state_all())

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:  # noqa: ARG002
        """Remember the states of a checkpoint."""
        self._resumed = checkpoint.get('torch_rng')

    def before_train(self, runner: Runner) -> None:
        """Set the states if this training goes on where the checkpoint ended."""
        if self._resumed is not None and runner.iter > 0:
            torch.set_rng_state(self._resumed['cpu'].cpu())
            if len(self._resumed['cuda']) == torch.cuda.device_count():
                torch.cuda.set_rng_state_all([state.cpu() for state in self._resumed['cuda']])
        self._resumed = None
