# Copyright (c) mmtips authors. All rights reserved.
"""The losses of TIPS as pure functions. All of them compute in float32 (float64 for float64 inputs)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmtips.downsampling.functional import shift_map

FM_FORMS = ('released', 'paper', 'two_sided')


def _full(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def feature_mixing_loss(phase_weights: Tensor, form: str = 'released') -> Tensor:
    """L_FM, the regulariser of the phase weights, as a mean over samples and channels.

    With s*s weights the norm ``r = ||tau||_2`` is 1/s for uniform and 1 for one-hot weights. The forms:

    * ``'released'``: ``1 - r`` (released code); at s = 2 it is 0.5 for uniform and 0 for one-hot weights;
    * ``'paper'``: ``(1 - s^2) * r`` (Eq. 3); at s = 2 it is -1.5 for uniform and -3 for one-hot weights;
    * ``'two_sided'``: ``(r - c)^2`` with c halfway between 1/s and 1. This one is ours: the text of the paper asks to
      discourage uniform *and* one-hot weights, while both published formulas only push towards one-hot.

    Args:
        phase_weights: tau, ``(N, C, s*s)``, in [0, 1], summing to 1 over the last dimension.
        form: One of :data:`FM_FORMS`.

    Returns:
        A scalar, float32 or float64.

    Raises:
        ValueError: If ``form`` is unknown.
    """
    norm = torch.linalg.vector_norm(_full(phase_weights), dim=-1)
    phases = phase_weights.shape[-1]
    if form == 'released':
        return (1 - norm).mean()
    if form == 'paper':
        return (1 - phases) * norm.mean()
    if form == 'two_sided':
        return (norm - (phases**-0.5 + 1) / 2).square().mean()
    raise ValueError(f'form: expected one of {FM_FORMS}, got {form!r}')


def undo_loss(features: Tensor, x: Tensor, offset: Tensor, max_shift: float = 0.25, mode: str = 'standard') -> Tensor:
    """L_undo: the features psi are to predict a shifted copy of the operator's input (Eq. 4).

    The target carries no gradient. (The released code discards the result of ``detach()``, so that its gradient also
    reaches the target and rewards shrinking the features.)

    Args:
        features: psi, ``(N, C, H, W)``.
        x: The input of the operator, ``(N, C, H, W)``.
        offset: ``(2,)``, uniform in [0, 1): where in the range of shifts this draw lies, see :func:`shift_amounts`.
        max_shift: The largest shift as a share of the map, in [0, 0.25].
        mode: One of :data:`mmtips.downsampling.functional.SHIFT_MODES`.

    Returns:
        The mean squared error, a scalar, float32 or float64.
    """
    target = shift_map(_full(x.detach()), shift_amounts(offset, (x.shape[-2], x.shape[-1]), max_shift), mode)
    return (_full(features) - target).square().mean()


def shift_amounts(offset: Tensor, size: Sequence[int], max_shift: float = 0.25) -> Tensor:
    """Turn a uniform draw into whole-pixel shifts that fit the map.

    The range is ``m = floor(max_shift * size)`` on each side, so that deep, small maps are never emptied (the released
    code draws up to 16 pixels at every depth). The numbers stay in a tensor: they differ in every step, and a compiled
    step must not be compiled anew for each.

    Args:
        offset: ``(2,)``, uniform in [0, 1).
        size: Height and width of the map.
        max_shift: The largest shift as a share of the map, in [0, 0.25].

    Returns:
        ``(2,)`` int64: rows and columns, each in [-m, m] with equal probability.

    Raises:
        ValueError: If ``max_shift`` is outside [0, 0.25].
    """
    if not 0 <= max_shift <= 0.25:
        raise ValueError(f'max_shift: expected a share of the map from 0 to 0.25, got {max_shift!r}')
    reach = [int(side * max_shift) for side in size]
    amounts = [torch.floor(offset[dim] * (2 * reach[dim] + 1)) - reach[dim] for dim in (0, 1)]
    return torch.stack(amounts).long()


def combine_losses(losses: dict[str, Tensor], mixing: Tensor, undo: 'Tensor | None', alpha: float = 0.35,
                   mixing_weight: float = 1.0) -> dict:
    """The objective ``(1 - a) * task + L_FM + a * L_undo`` (Eq. 5 and the released code, which agree).

    Args:
        losses: A host's dict of losses: every tensor, or list of tensors, whose key contains ``loss`` is task loss.
        mixing: L_FM, a scalar, the mean over layers and calls.
        undo: L_undo, a scalar, the mean over layers and calls; None before it is switched on.
        alpha: The weight a in [0, 1].
        mixing_weight: The weight of L_FM, 1 as published.

    Returns:
        A new dict with the task losses scaled and ``loss_tips_fm`` and ``loss_tips_undo`` added, weights included.
    """
    combined = scale_losses(losses, 1 - alpha)
    combined['loss_tips_fm'] = mixing_weight * mixing
    if undo is not None:
        combined['loss_tips_undo'] = alpha * undo
    return combined


def scale_losses(losses: dict[str, Tensor], factor: float) -> dict:
    """A host's losses times a factor, ready to have others beside them.

    Args:
        losses: A host's dict of losses: every tensor, or list of tensors, whose key contains ``loss`` is one.
        factor: The factor.

    Returns:
        A new dict, in which mmpretrain's ``loss`` is called ``loss_task``: beside other keys the host would log it in
        place of the total.
    """
    scaled: dict = {}
    for key, value in losses.items():
        if 'loss' in key:
            parts = [factor * item for item in value] if isinstance(value, list) else factor * value
            scaled['loss_task' if key == 'loss' else key] = parts
        else:
            scaled[key] = value
    return scaled
