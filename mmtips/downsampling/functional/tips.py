# Copyright (c) mmtips authors. All rights reserved.
"""TIPS: scores of phases from the map itself, and the mix that they give."""

import torch
from torch import Tensor

from mmtips.downsampling.functional.adaptive import spread_over_taps, window_mix
from mmtips.downsampling.functional.filters import depthwise_conv
from mmtips.downsampling.functional.phases import extend_to_multiple

#: Over which pixels the features are averaged to score a phase.
SCORES = ('quadrant', 'phase', 'global')


def tips_features(x: Tensor, score_weight: Tensor, padding_mode: str = 'zeros') -> Tensor:
    """The features psi from which TIPS scores the phases: depthwise convolution, 3x3 as published, then ReLU.

    Args:
        x: ``(N, C, H, W)``.
        score_weight: ``(C, 1, k, k)``, k = 3 as published.
        padding_mode: Border of the convolution; zeros as published.

    Returns:
        ``(N, C, H, W)``, non-negative.
    """
    return depthwise_conv(x, score_weight, padding_mode=padding_mode).relu_()


def count_regions(stride: int, scores: str) -> int:
    """How many regions :func:`average_regions` tells apart.

    Args:
        stride: The stride s >= 2.
        scores: One of :data:`SCORES`.

    Returns:
        s*s, or 1 for ``'global'``.

    Raises:
        ValueError: If ``scores`` is unknown.
    """
    if scores not in SCORES:
        raise ValueError(f'scores: expected one of {SCORES}, got {scores!r}')
    return 1 if scores == 'global' else stride**2


def average_regions(features: Tensor, stride: int, scores: str = 'quadrant') -> Tensor:
    """Average features over regions of the map, one for each phase.

    * ``'quadrant'``, as published: over an s x s grid of *image regions* ("GAP s x s": at s = 2 the four quadrants);
    * ``'phase'``, ours: each over the pixels of its phase, so that a circular shift permutes the means as it permutes
      the phases;
    * ``'global'``, ours: one mean over the map, which no circular shift changes.

    Args:
        features: psi, ``(N, C, H, W)`` with H and W multiples of ``stride``.
        stride: The stride s >= 2.
        scores: One of :data:`SCORES`.

    Returns:
        ``(N, C, s*s)``, row-major, or ``(N, C, 1)`` for ``'global'``; float32, or float64 for float64 features.

    Raises:
        ValueError: If ``scores`` is unknown.
    """
    n, c, h, w = features.shape
    count_regions(stride, scores)
    full = torch.promote_types(features.dtype, torch.float32)
    if scores == 'global':
        return features.mean((-2, -1), dtype=full)[..., None]
    # H and W are multiples of s, so that adaptive pooling is a plain mean over equal regions. Rows go first: what is
    # left then is small, and columns are next to each other in memory.
    within = 1 if scores == 'quadrant' else 0
    if features.is_contiguous():
        rows = features.unflatten(2, _sides(h, stride, scores)).sum(2 + within, dtype=full)
        sums = rows.unflatten(3, _sides(w, stride, scores)).sum(3 + within)
    else:
        rows = features.permute(0, 2, 3, 1).unflatten(1, _sides(h, stride, scores)).sum(1 + within, dtype=full)
        sums = rows.unflatten(2, _sides(w, stride, scores)).sum(2 + within).permute(0, 3, 1, 2)
    return sums.flatten(2) / (h * w // stride**2)


def _sides(size: int, stride: int, scores: str) -> tuple[int, int]:
    return (stride, size // stride) if scores == 'quadrant' else (size // stride, stride)


def spread_over_regions(grad: Tensor, features: Tensor, stride: int, scores: str = 'quadrant') -> Tensor:
    """Give every pixel its share of the gradient of its region's mean: the adjoint of :func:`average_regions`.

    Args:
        grad: ``(N, C, s*s)``, or ``(N, C, 1)`` for ``'global'``.
        features: ``(N, C, H, W)``, of which size, dtype and layout are taken.
        stride: The stride s >= 2.
        scores: One of :data:`SCORES`.

    Returns:
        ``(N, C, H, W)``, a new map.
    """
    n, c, h, w = features.shape
    grad = (grad / (h * w // grad.shape[-1])).to(features.dtype)
    spread = torch.empty_like(features)
    if scores == 'global':
        return spread.copy_(grad[..., None])
    cells = grad.reshape(n, c, stride, 1, stride, 1) if scores == 'quadrant' else \
        grad.reshape(n, c, 1, stride, 1, stride)
    spread.unflatten(3, _sides(w, stride, scores)).unflatten(2, _sides(h, stride, scores)).copy_(cells)
    return spread


def weights_from_means(means: Tensor, score_scale: Tensor) -> Tensor:
    """The weights tau with which TIPS mixes the phases: one convex combination per sample and channel (Eq. 1).

    Regions and phases are paired row-major. The released code pairs the two middle ones the other way round: weights
    trained with it compute something else here.

    Args:
        means: ``(N, C, s*s)`` or ``(N, C, 1)``, see :func:`average_regions`.
        score_scale: The depthwise 1x1 convolution, ``(C,)``; ``(C, s*s)`` where one mean serves all phases.

    Returns:
        ``(N, C, s*s)``, in [0, 1], summing to 1 over the last dimension, in the dtype of ``means``.
    """
    return (means * score_scale.reshape(means.shape[1], -1)).softmax(-1)


def tips_phase_weights(features: Tensor, score_scale: Tensor, stride: int, scores: str = 'quadrant') -> Tensor:
    """The mixing weights tau of TIPS from its features: :func:`average_regions`, then :func:`weights_from_means`.

    Args:
        features: psi, ``(N, C, H, W)`` with H and W multiples of ``stride``.
        score_scale: See :func:`weights_from_means`.
        stride: The stride s >= 2.
        scores: One of :data:`SCORES`.

    Returns:
        ``(N, C, s*s)``, in [0, 1], summing to 1 over the last dimension; float32, or float64 for float64 features.

    Raises:
        ValueError: If ``scores`` is unknown.
    """
    return weights_from_means(average_regions(features, stride, scores), score_scale)


def tips_windows(x: Tensor, score_weight: Tensor, score_scale: Tensor, stride: int, taps: int | None = None,
                 scores: str = 'quadrant', padding_mode: str = 'zeros') -> Tensor:
    """The windows with which TIPS mixes a map: :func:`tips_features`, their :func:`tips_phase_weights`, over the taps.

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``.
        score_weight: ``(C, 1, k, k)``, see :func:`tips_features`.
        score_scale: See :func:`weights_from_means`.
        stride: The stride s >= 2.
        taps: Taps per side, from s to 7; s if not given, as published.
        scores: One of :data:`SCORES`.
        padding_mode: Border of the convolution.

    Returns:
        ``(N, C, taps, taps)``, see :func:`spread_over_taps`; float32, or float64 for float64 maps.
    """
    features = tips_features(x, score_weight.to(x.dtype), padding_mode)
    return spread_over_taps(tips_phase_weights(features, score_scale, stride, scores), taps or stride, stride)


def tips(x: Tensor, score_weight: Tensor, score_scale: Tensor, stride: int = 2) -> Tensor:
    """Translation invariant polyphase sampling as published (Saha & Gokhale, WACV 2025, Eq. 1 and Fig. 3).

    Args:
        x: ``(N, C, H, W)`` with H, W >= ``stride``.
        score_weight: ``(C, 1, k, k)``, see :func:`tips_features`.
        score_scale: ``(C,)``, see :func:`tips_phase_weights`.
        stride: The stride s >= 2.

    Returns:
        ``(N, C, ceil(H/s), ceil(W/s))``.
    """
    x = extend_to_multiple(x, stride)
    return window_mix(x, tips_windows(x, score_weight, score_scale, stride), stride, stride)
