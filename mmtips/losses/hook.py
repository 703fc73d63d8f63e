# Copyright (c) mmtips authors. All rights reserved.
"""Add the TIPS losses to any model's training, from a config."""

import math
from collections.abc import Callable
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseAveragedModel
from mmengine.registry import HOOKS
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn
from torch.utils.hooks import RemovableHandle

from mmtips.downsampling import TIPS
from mmtips.downsampling.functional import SHIFT_MODES
from mmtips.draws import generator_of
from mmtips.losses.functional import FM_FORMS, combine_losses
from mmtips.losses.recorder import LossRecorder, attached_recorders, collect
from mmtips.wrappers import unwrap


@HOOKS.register_module()
class TIPSLossHook(Hook):
    """Train with the TIPS objective ``(1 - a) * task + L_FM + a * L_undo`` (Saha & Gokhale, WACV 2025, Eq. 5).

    A training step of mmengine does forward, backward and update in one call. The hook therefore installs a forward
    hook on the unwrapped model for the time of training: to DDP, AMP, EMA, ``compile`` and the logger the added terms
    are ordinary losses. The shift of L_undo is drawn from a generator seeded by ``seed`` and the iteration, so that a
    resumed run draws what an uninterrupted one would have drawn. Where gradients are accumulated, each of the batches
    that make a step draws its own.

    Args:
        form: Form of L_FM: ``'released'``, ``'paper'`` or ``'two_sided'``, see
            :func:`mmtips.losses.feature_mixing_loss`.
        alpha: The weight a of L_undo, in [0, 1]; the task losses are scaled by 1 - a throughout, as published.
        undo_start: The share of the training after which L_undo is added, in [0, 1]; 0.4 as published.
        by_epoch: Whether that share is counted in whole epochs rather than in iterations.
        mode: How the target of L_undo is shifted: ``'standard'`` (zeros move in) or ``'circular'``.
        max_shift: The largest shift as a share of each map, in [0, 0.25].
        seed: Seed of the shifts.
        mixing_weight: The weight of L_FM, >= 0; 1 as published, 0 to train with L_undo alone.

    Raises:
        ValueError: If an argument is out of its range.
    """

    priority = 'NORMAL'

    def __init__(self,
                 form: str = 'released',
                 alpha: float = 0.35,
                 undo_start: float = 0.4,
                 by_epoch: bool = False,
                 mode: str = 'standard',
                 max_shift: float = 0.25,
                 seed: int = 0,
                 mixing_weight: float = 1.0) -> None:
        for name, value, known in (('form', form, FM_FORMS), ('mode', mode, SHIFT_MODES)):
            if value not in known:
                raise ValueError(f'TIPSLossHook: {name}: expected one of {known}, got {value!r}')
        for name, number, top in (('alpha', alpha, 1), ('undo_start', undo_start, 1), ('max_shift', max_shift, 0.25)):
            if not 0 <= number <= top:
                raise ValueError(f'TIPSLossHook: {name}: expected a number from 0 to {top}, got {number!r}')
        if not 0 <= mixing_weight < math.inf:
            raise ValueError(f'TIPSLossHook: mixing_weight: expected a number >= 0, got {mixing_weight!r}')
        self.form = form
        self.mixing_weight = mixing_weight
        self.alpha = alpha
        self.undo_start = undo_start
        self.by_epoch = by_epoch
        self.mode = mode
        self.max_shift = max_shift
        self.seed = seed
        self._handle: RemovableHandle | None = None

    def before_train(self, runner: Runner) -> None:
        """Let recorders observe the operators and add their losses to the model's."""
        if self.by_epoch and isinstance(runner.train_loop, IterBasedTrainLoop):
            raise ValueError('TIPSLossHook: by_epoch=True needs an epoch-based train loop, got '
                             f'{type(runner.train_loop).__name__}: set by_epoch=False')
        self._remove(runner)
        model = unwrap(runner.model)
        # A momentum encoder inside the model is an average of what is trained, and not trained itself.
        averages = {id(module) for average in model.modules() if isinstance(average, BaseAveragedModel)
                    for module in average.modules()}
        operators = [module for module in model.modules() if isinstance(module, TIPS) and id(module) not in averages]
        if not operators:
            raise ValueError(f"TIPSLossHook: {type(model).__name__} has no TIPS operator: give its backbone "
                             "downsampler=dict(type='TIPS'), or take the hook out of custom_hooks")
        for operator in operators:
            operator.observer = LossRecorder(self.form, self.mode, self.max_shift)
        self._handle = model.register_forward_hook(_loss_adder(self.alpha, self.mixing_weight))

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:  # noqa: ARG002
        """Set this step's schedule and draw its shifts."""
        done, total = (runner.epoch, runner.max_epochs) if self.by_epoch else (runner.iter, runner.max_iters)
        recorders = [recorder for _, _, recorder in attached_recorders(unwrap(runner.model))]
        generator = generator_of(self.seed, runner.iter)
        offsets = torch.rand(len(recorders), 2, generator=generator).to(next(runner.model.parameters()).device)
        for recorder, offset in zip(recorders, offsets, strict=True):
            recorder.clear()  # of forwards in training mode that computed no loss, such as those of a PreciseBNHook
            recorder.with_undo = done >= self.undo_start * total
            recorder.offset = offset

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Drop what a recomputation in the backward recorded."""
        for _, _, recorder in attached_recorders(unwrap(runner.model)):
            recorder.clear()

    def after_train(self, runner: Runner) -> None:
        """Leave the model as it was."""
        self._remove(runner)

    def _remove(self, runner: Runner) -> None:
        if self._handle is not None:
            self._handle.remove()
            self._handle = None
        for _, operator, _ in attached_recorders(unwrap(runner.model)):
            operator.observer = None


def _loss_adder(alpha: float, mixing_weight: float) -> Callable[..., dict | None]:
    """A forward hook that refers to nothing but the model: copies of the model carry it along."""

    def add_losses(model: nn.Module, args: Any, output: Any) -> dict | None:  # noqa: ARG001
        if not (isinstance(output, dict) and any('loss' in key for key in output)):
            return None
        mixing, undo = collect(model)
        return None if mixing is None else combine_losses(output, mixing, undo, alpha, mixing_weight)

    return add_losses
