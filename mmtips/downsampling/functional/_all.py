# Copyright (c) mmtips authors. All rights reserved.
"""Pure functions behind the operators.

Conventions, said once for the whole project:

* A feature map is ``x: (N, C, H, W)``, any floating dtype; ``s`` is the stride, an integer >= 2.
* The phases of an s-fold split are ``(N, C, s*s, H/s, W/s)``: phase ``i*s + j`` holds the pixels with row offset ``i``
  and column offset ``j`` (row-major, the order of ``torch.nn.functional.pixel_unshuffle``).
* ``padding_mode`` takes torch's words: ``'zeros'``, ``'reflect'``, ``'replicate'``, ``'circular'``.
* Sizes are computed with non-negative operands only, because ONNX division truncates where Python's floors.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

PADDING_MODES = ('zeros', 'reflect', 'replicate', 'circular')


def check_padding_mode(padding_mode: str) -> str:
    """Return ``padding_mode``, or raise a ValueError that lists the known ones."""
    if padding_mode not in PADDING_MODES:
        raise ValueError(f'padding_mode: expected one of {PADDING_MODES}, got {padding_mode!r}')
    return padding_mode


def split_phases(x: Tensor, stride: int) -> Tensor:
    """Split a map into its polyphase components (TIPS, Eq. 1).

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``.
        stride: The split factor s >= 2.

    Returns:
        ``(N, C, s*s, H/s, W/s)``, row-major in the phase index.
    """
    return F.pixel_unshuffle(x, stride).unflatten(1, (-1, stride * stride))


def mix_phases(x: Tensor, phase_weights: Tensor, stride: int) -> Tensor:
    """Weighted sum of the phases, with weights of their own for every sample and channel.

    It is written as one grouped convolution, whose kernel for (n, c) is ``phase_weights[n, c]`` as an s x s window:
    no phase is ever copied.

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``.
        phase_weights: ``(N, C, s*s)``.
        stride: The split factor s >= 2.

    Returns:
        ``(N, C, H/s, W/s)``: ``sum_k phase_weights[..., k] * split_phases(x, s)[:, :, k]``.
    """
    n, c, h, w = x.shape
    kernels = phase_weights.to(x.dtype).reshape(n * c, 1, stride, stride)
    mixed = F.conv2d(x.reshape(1, n * c, h, w), kernels, stride=stride, groups=n * c)
    return mixed.reshape(n, c, h // stride, w // stride)


def extend_to_multiple(x: Tensor, stride: int, padding_mode: str = 'reflect') -> Tensor:
    """Extend a map on the left and on the top until both sides are multiples of the stride.

    The side is the released TIPS code's choice (``tips.py``, reflection on the left and top of odd maps). Rows are
    gathered by index rather than padded, since the amount depends on the size and must stay symbolic in an export.

    Args:
        x: ``(N, C, H, W)`` with H, W >= ``stride``.
        stride: The stride s >= 2.
        padding_mode: ``'reflect'``, ``'replicate'`` or ``'circular'``.

    Returns:
        ``(N, C, s*ceil(H/s), s*ceil(W/s))``; ``x`` itself where nothing is missing.

    Raises:
        ValueError: If ``padding_mode`` is another one.
    """
    if padding_mode not in ('reflect', 'replicate', 'circular'):
        raise ValueError(f"padding_mode: expected 'reflect', 'replicate' or 'circular', got {padding_mode!r}")
    for dim in (-2, -1):
        size = x.shape[dim]
        full = (size + stride - 1) // stride * stride
        # An exported program serves all sizes: there the branch must not depend on this one.
        if torch.compiler.is_exporting() or full != size:
            index = torch.arange(full, device=x.device) - (full - size)
            sources = dict(reflect=index.abs(), replicate=index.clamp(min=0), circular=index % size)
            x = x.index_select(dim, sources[padding_mode])
    return x


def depthwise_conv(x: Tensor, weight: Tensor, stride: int = 1, padding_mode: str = 'zeros') -> Tensor:
    """One k x k filter per channel, centred on the stride cell, with ceil(H/s) x ceil(W/s) outputs.

    A window starts ``(k - s + 1) // 2`` pixels (at least 0) before its cell, which is the field's choice at s = 2 for
    every k (1 for k = 3 and 4, 2 for k = 5 and 6). Padding the other end with the rest of ``k - 1`` gives
    ``floor((H - 1) / s) + 1 = ceil(H / s)`` outputs for any H: the amounts do not depend on the size.

    Args:
        x: ``(N, C, H, W)``.
        weight: ``(C, 1, k, k)``.
        stride: The stride s >= 1.
        padding_mode: How the border is continued, in torch's words.

    Returns:
        ``(N, C, ceil(H/s), ceil(W/s))``.

    Raises:
        ValueError: If ``padding_mode`` is unknown, or the map is too small for it.
    """
    k = weight.shape[-1]
    before = max(0, (k - stride + 1) // 2)
    after = k - 1 - before
    if padding_mode == 'zeros' and before == after:
        return F.conv2d(x, weight, stride=stride, padding=before, groups=x.shape[1])
    padded = pad_border(x, before, after, padding_mode)
    return F.conv2d(padded, weight, stride=stride, groups=x.shape[1])


def pad_border(x: Tensor, before: int, after: int, padding_mode: str) -> Tensor:
    """Pad both spatial sides by ``before`` pixels at the start and ``after`` at the end.

    Args:
        x: ``(N, C, H, W)``.
        before: Rows on the top and columns on the left, >= 0.
        after: Rows at the bottom and columns on the right, >= 0.
        padding_mode: How the border is continued, in torch's words.

    Returns:
        ``(N, C, H + before + after, W + before + after)``.

    Raises:
        ValueError: If ``padding_mode`` is unknown, or the map has too few pixels to continue it in this way.
    """
    check_padding_mode(padding_mode)
    # Reflection does not repeat the border pixel, so that it needs one pixel more than it adds; a wrap needs as many.
    needed = max(before, after) + 1 if padding_mode == 'reflect' else max(before, after)
    if padding_mode in ('reflect', 'circular') and min(x.shape[-2:]) < needed:
        raise ValueError(f"padding_mode={padding_mode!r} needs maps of at least {needed} x {needed} pixels here, got "
                         f"{tuple(x.shape[-2:])}: use a larger input, a smaller filter or padding_mode='replicate'")
    mode = 'constant' if padding_mode == 'zeros' else padding_mode
    return F.pad(x, (before, after, before, after), mode=mode)


def binomial_filter(size: int) -> Tensor:
    """The normalised ``size x size`` binomial low-pass filter (Zhang, ICML 2019, Sec. 3.3).

    Args:
        size: Taps per side, 1 to 7: 1 is no filter, 2 the box, 3 the triangle.

    Returns:
        ``(size, size)``, float64, summing to 1.

    Raises:
        ValueError: If ``size`` is not an integer from 1 to 7.
    """
    if not isinstance(size, int) or not 1 <= size <= 7:
        raise ValueError(f'filter_size: expected an integer from 1 to 7, got {size!r}')
    taps = torch.tensor([math.comb(size - 1, k) for k in range(size)], dtype=torch.float64)
    return torch.outer(taps, taps) / taps.sum()**2


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


def tips_phase_weights(features: Tensor, score_scale: Tensor, stride: int) -> Tensor:
    """The mixing weights tau of TIPS: one convex combination per sample and channel.

    As published, the s*s scores are means over an s x s grid of *image regions* ("GAP s x s": at s = 2 the four
    quadrants), not over the phases, and they weigh the phases in the same row-major order (Eq. 1). The released code
    pairs the two middle quadrants and phases the other way round and is otherwise equal to this function.

    Args:
        features: psi, ``(N, C, H, W)`` with H and W multiples of ``stride``.
        score_scale: ``(C,)``, the depthwise 1x1 convolution.
        stride: The stride s >= 2.

    Returns:
        ``(N, C, s*s)``, in [0, 1], summing to 1 over the last dimension; float32, or float64 for float64 features.
    """
    n, c, h, w = features.shape
    # H and W are multiples of s, so that adaptive average pooling to s x s is a plain mean over equal blocks.
    means = features.reshape(n, c, stride, h // stride, stride, w // stride).mean((-3, -1))
    scores = (means * score_scale[:, None, None]).flatten(2)
    return scores.to(torch.promote_types(scores.dtype, torch.float32)).softmax(-1)


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
