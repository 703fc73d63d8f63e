# Copyright (c) mmtips authors. All rights reserved.
"""Add the agreement of shifted views to any model's training, from a config."""

import math
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mmtips.arguments import check_integer
from mmtips.draws import generator_of
from mmtips.losses.agreement import (
    CONTINUATIONS,
    Crops,
    crop_pair,
    crop_samples,
    draw_crops,
    extend_batch,
    views_agreement,
)
from mmtips.losses.functional import scale_losses
from mmtips.wrappers import unwrap

#: What the term is called among the losses.
NAME = 'loss_agreement'


@HOOKS.register_module()
class ShiftAgreementHook(Hook):
    """Train predictions to agree when the input moves: ``task + weight * agreement``. Ours, for any operator.

    In the place of a batch the model sees two shifted crops of each of its images, with their labels. Where both show
    the same pixel, their class probabilities are drawn together (:func:`mmtips.losses.views_agreement`). A step costs
    up to twice as much, less where crops are smaller than images; eval is as it was.

    As with :class:`mmtips.losses.TIPSLossHook` hooks on the unwrapped model do it: to DDP, AMP, EMA and the logger the
    term is an ordinary loss. That hook scales what stands before it, so list this one behind. The crops are drawn from
    a generator seeded by ``seed`` and the iteration, the same two for all images of a batch.

    Args:
        weight: The weight of the term, >= 0.
        max_shift: Largest shift in pixels, >= 1, on the network's grid.
        start: The share of the training after which views and term set in, in [0, 1); before, batches are as ever.
        size_divisor: The sides of crops are multiples of this: that of a network that takes no other sizes.
        padding_mode: How images and labels are continued over their border, ``'reflect'``, ``'replicate'`` or
            ``'circular'``, so that crops are as large as they are. If not given they are not: a crop loses
            ``2 * max_shift`` pixels of each side, and the network is trained at another size than without the hook.
        seed: Seed of the shifts.

    Raises:
        ValueError: If an argument is out of its range.
    """

    priority = 'NORMAL'

    def __init__(self, weight: float = 1.0, max_shift: int = 4, start: float = 0.0, size_divisor: int = 1,
                 padding_mode: str | None = None, seed: int = 0) -> None:
        if not 0 <= weight < math.inf:
            raise ValueError(f'ShiftAgreementHook: weight: expected a number >= 0, got {weight!r}')
        for name, count in (('max_shift', max_shift), ('size_divisor', size_divisor)):
            check_integer(f'ShiftAgreementHook: {name}', count, 1)
        if padding_mode is not None and padding_mode not in CONTINUATIONS:
            raise ValueError(f'ShiftAgreementHook: padding_mode: expected one of {CONTINUATIONS} or None, got '
                             f'{padding_mode!r}')
        if not 0 <= start < 1:
            raise ValueError(f'ShiftAgreementHook: start: expected a number from 0 to below 1, got {start!r}')
        self.weight = weight
        self.max_shift = max_shift
        self.start = start
        self.size_divisor = size_divisor
        self.padding_mode = padding_mode
        self.seed = seed
        self._views: Views | None = None
        self._handles: list[RemovableHandle] = []

    def before_train(self, runner: Runner) -> None:
        """Let the model see views, and add the term to its losses."""
        self._remove()
        model = unwrap(runner.model)
        self._views = views = Views(self.weight, self.max_shift, self.size_divisor, self.padding_mode, self.seed)
        self._handles = [model.register_forward_pre_hook(views.replace_batch, with_kwargs=True),
                         score_layer(model).register_forward_hook(views.keep_logits),
                         model.register_forward_hook(views.add_term)]

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:  # noqa: ARG002
        """Say which crops this step takes, if any."""
        if self._views is not None:
            self._views.iteration = runner.iter if runner.iter >= self.start * runner.max_iters else None

    def after_train(self, runner: Runner) -> None:  # noqa: ARG002
        """Leave the model as it was."""
        self._remove()

    def _remove(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._views = None


def score_layer(model: nn.Module) -> nn.Module:
    """The module whose output are the logits from which the loss is computed.

    Args:
        model: A segmentor of mmseg or a classifier of mmpretrain.

    Returns:
        The last decode head's ``conv_seg``, or the classifier's head.

    Raises:
        TypeError: If the model has neither, or its head predicts several labels for an image.
    """
    head = getattr(model, 'decode_head', None)
    if isinstance(head, nn.ModuleList):
        head = head[-1]
    layer = getattr(model, 'head', None) if head is None else getattr(head, 'conv_seg', None)
    if any('MultiLabel' in kind.__name__ for kind in type(layer).__mro__):
        raise TypeError(f'ShiftAgreementHook: {type(layer).__name__} predicts several labels for an image, and views '
                        'are made to agree in the probabilities of one: take the hook out of custom_hooks')
    if not isinstance(layer, nn.Module):
        raise TypeError(f'ShiftAgreementHook: {type(model).__name__} has neither a decode head with conv_seg (mmseg) '
                        'nor a head (mmpretrain), whose logits are to agree: take the hook out of custom_hooks')
    return layer


class Views:
    """The forward hooks; they refer to nothing but what passes through: copies of the model carry them along.

    The arguments are those of :class:`ShiftAgreementHook`.

    Attributes:
        iteration: Of this step; None while there are no views.
    """

    def __init__(self, weight: float, max_shift: int, size_divisor: int, padding_mode: str | None, seed: int) -> None:
        self.weight = weight
        self.max_shift = max_shift
        self.size_divisor = size_divisor
        self.padding_mode = padding_mode
        self.seed = seed
        self.iteration: int | None = None
        self._crops: Crops | None = None
        self._logits: Any = None

    def replace_batch(self, model: nn.Module, args: tuple[Any, ...],  # noqa: ARG002
                      kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Before a forward that computes losses: crops in place of images."""
        if self.iteration is None or kwargs.get('mode') != 'loss':
            return None
        images: Tensor = kwargs['inputs']
        samples = kwargs['data_samples']
        if self.padding_mode is not None:
            images, samples = extend_batch(images, samples, self.max_shift, self.padding_mode)
        size = (images.shape[-2], images.shape[-1])
        self._crops = draw_crops(size, self.max_shift, generator_of(self.seed, self.iteration), self.size_divisor)
        return args, dict(kwargs, inputs=crop_pair(images, self._crops),
                          data_samples=crop_samples(samples, self._crops))

    def keep_logits(self, layer: nn.Module, args: tuple[Any, ...], output: Any) -> None:  # noqa: ARG002
        """After the scores: remember them, until the losses are there."""
        if self._crops is not None:
            self._logits = output

    def add_term(self, model: nn.Module, args: tuple[Any, ...], output: Any) -> dict | None:  # noqa: ARG002
        """After the forward: the term beside the losses."""
        crops, logits, self._crops, self._logits = self._crops, self._logits, None, None
        if crops is None:
            return None
        align_corners = bool(getattr(model, 'align_corners', False))
        return scale_losses(output, 1.0) | {NAME: self.weight * views_agreement(logits, crops, align_corners)}
