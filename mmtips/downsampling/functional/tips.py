# Copyright (c) mmtips authors. All rights reserved.
"""TIPS: scores of phases from the map itself, and the mix that they give."""

import torch
from torch import Tensor

from mmtips.downsampling.functional.adaptive import mix_phases
from mmtips.downsampling.functional.filters import depthwise_conv
from mmtips.downsampling.functional.phases import extend_to_multiple

#: Over which pixels the features are averaged to score a phase.
SCORES = ('quadrant', 'phase', 'global')


def tips_features(x: Tensor, score_weight: Tensor, padding_mode: str = 'zeros') -> Tensor:
    """The features psi from which TIPS scores the phases: depthwise 3x3 convolution, then ReLU.

    Args:
        x: ``(N, C, H, W)``.
        score_weight: ``(C, 1, 3, 3)``.
        padding_mode: Border of the convolution; zeros as published.

    Returns:
        ``(N, C, H, W)``, non-negative.
    """
    return depthwise_conv(x, score_weight, padding_mode=padding_mode).relu()


def tips_phase_weights(features: Tensor, score_scale: Tensor, stride: int, scores: str = 'quadrant') -> Tensor:
    """The mixing weights tau of TIPS: one convex combination per sample and channel.

    * ``'quadrant'``, as published: the s*s scores are means over an s x s grid of *image regions* ("GAP s x s": at
      s = 2 the four quadrants), not over the phases, and they weigh the phases in the same row-major order (Eq. 1). The
      released code pairs the two middle quadrants and phases the other way round and is otherwise equal.
    * ``'phase'``, ours: each score is the mean over the pixels of its phase, so that a circular shift permutes the
      weights as it permutes the phases.
    * ``'global'``, ours: one mean over the map, which no circular shift changes, with a scale of its own per phase.

    Args:
        features: psi, ``(N, C, H, W)`` with H and W multiples of ``stride``.
        score_scale: The depthwise 1x1 convolution, ``(C,)``; ``(C, s*s)`` for ``'global'``.
        stride: The stride s >= 2.
        scores: One of :data:`SCORES`.

    Returns:
        ``(N, C, s*s)``, in [0, 1], summing to 1 over the last dimension; float32, or float64 for float64 features.

    Raises:
        ValueError: If ``scores`` is unknown.
    """
    n, c, h, w = features.shape
    # H and W are multiples of s, so that adaptive average pooling to s x s is a plain mean over equal blocks.
    if scores == 'quadrant':
        means = features.reshape(n, c, stride, h // stride, stride, w // stride).mean((-3, -1)).flatten(2)
    elif scores == 'phase':
        means = features.reshape(n, c, h // stride, stride, w // stride, stride).mean((2, 4)).flatten(2)
    elif scores == 'global':
        means = features.mean((-2, -1))[..., None]
    else:
        raise ValueError(f'scores: expected one of {SCORES}, got {scores!r}')
    logits = means * score_scale.reshape(c, -1)
    return logits.to(torch.promote_types(logits.dtype, torch.float32)).softmax(-1)


def tips(x: Tensor, score_weight: Tensor, score_scale: Tensor, stride: int = 2) -> Tensor:
    """Translation invariant polyphase sampling as published (Saha & Gokhale, WACV 2025, Eq. 1 and Fig. 3).

    Args:
        x: ``(N, C, H, W)`` with H, W >= ``stride``.
        score_weight: ``(C, 1, 3, 3)``, see :func:`tips_features`.
        score_scale: ``(C,)``, see :func:`tips_phase_weights`.
        stride: The stride s >= 2.

    Returns:
        ``(N, C, ceil(H/s), ceil(W/s))``.
    """
    x = extend_to_multiple(x, stride)
    weights = tips_phase_weights(tips_features(x, score_weight), score_scale, stride)
    return mix_phases(x, weights, stride)
