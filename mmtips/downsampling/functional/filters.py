# Copyright (c) mmtips authors. All rights reserved.
"""Filters with the same taps everywhere, and how a map goes on beyond its border."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtips.arguments import check_integer
from mmtips.downsampling.functional.checks import check_border, check_padding_mode


def window_start(taps: int, stride: int) -> int:
    """How many pixels before its stride cell a window of ``taps`` pixels begins.

    ``(k - s + 1) // 2``, at least 0, is the field's choice at s = 2 for every k (1 for k = 3 and 4, 2 for k = 5 and 6).
    """
    return max(0, (taps - stride + 1) // 2)


def strided_conv(x: Tensor, weight: Tensor, stride: int = 1, padding_mode: str = 'zeros', groups: int = 1) -> Tensor:
    """A k x k convolution centred on the stride cell, with ceil(H/s) x ceil(W/s) outputs.

    Padding :func:`window_start` pixels before the map and the rest of ``k - 1`` behind it gives
    ``floor((H - 1) / s) + 1 = ceil(H / s)`` outputs for any H: the amounts do not depend on the size.

    Args:
        x: ``(N, C, H, W)``.
        weight: ``(O, C/groups, k, k)``.
        stride: The stride s >= 1.
        padding_mode: How the border is continued, in torch's words.
        groups: Groups of channels.

    Returns:
        ``(N, O, ceil(H/s), ceil(W/s))``.

    Raises:
        ValueError: If ``padding_mode`` is unknown, or the map is too small for it.
    """
    k = weight.shape[-1]
    before = window_start(k, stride)
    after = k - 1 - before
    if padding_mode == 'zeros' and before == after:
        return F.conv2d(x, weight, stride=stride, padding=before, groups=groups)
    padded = pad_border(x, before, after, padding_mode)
    return F.conv2d(padded, weight, stride=stride, groups=groups)


def depthwise_conv(x: Tensor, weight: Tensor, stride: int = 1, padding_mode: str = 'zeros') -> Tensor:
    """:func:`strided_conv` with one filter per channel: ``weight`` is ``(C, 1, k, k)``."""
    return strided_conv(x, weight, stride, padding_mode, groups=x.shape[1])


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
        ValueError: If ``padding_mode`` is unknown, or the map has too few pixels to be reflected.
    """
    reach = max(before, after)
    check_border(x.shape[-2:], reach, padding_mode)
    if padding_mode == 'circular' and min(x.shape[-2:]) < reach:
        return wrap_border(wrap_border(x, -2, before, after), -1, before, after)
    mode = 'constant' if padding_mode == 'zeros' else padding_mode
    return F.pad(x, (before, after, before, after), mode=mode)


def border_sources(size: int, before: int, after: int, padding_mode: str) -> Tensor:
    """Which pixels a border continues, along one side.

    Args:
        size: Pixels of the side.
        before: Pixels of the border at its start, >= 0.
        after: Those at its end, >= 0.
        padding_mode: How the border is continued, in torch's words.

    Returns:
        ``(before + after,)`` int64: an index of the side, or -1 for zeros.
    """
    beyond = torch.cat([torch.arange(-before, 0), torch.arange(size, size + after)])
    last = size - 1
    return dict(zeros=torch.full_like(beyond, -1), reflect=last - (last - beyond.abs()).abs(),
                replicate=beyond.clamp(0, last), circular=beyond % size)[check_padding_mode(padding_mode)]


def wrap_border(x: Tensor, dim: int, before: int, after: int) -> Tensor:
    """Continue a map circularly, more than once around if need be, which ``F.pad`` refuses.

    Args:
        x: ``(..., H, W)``.
        dim: Along which dimension.
        before: Rows or columns to add at the start.
        after: Those to add at the end; negative to take some away.

    Returns:
        ``x`` with ``before + after`` more rows or columns.
    """
    if before == after == 0:
        return x
    index = torch.arange(-before, x.shape[dim] + after, device=x.device) % x.shape[dim]
    return x.index_select(dim, index)


def fold_border(padded: Tensor, before: int, after: int, padding_mode: str) -> Tensor:
    """Add what lies on a border to the pixels that it continues: the adjoint of :func:`pad_border`.

    Args:
        padded: ``(N, C, H + before + after, W + before + after)``.
        before: Rows on the top and columns on the left, >= 0.
        after: Rows at the bottom and columns on the right, >= 0.
        padding_mode: How the border was continued, in torch's words.

    Returns:
        ``(N, C, H, W)``.
    """
    for dim in (-2, -1):
        size = padded.shape[dim] - before - after
        inner = padded.narrow(dim, before, size)
        if padding_mode != 'zeros' and before + after:
            border = torch.cat([padded.narrow(dim, 0, before), padded.narrow(dim, before + size, after)], dim)
            source = border_sources(size, before, after, padding_mode).to(padded.device)
            inner = inner.index_add(dim, source, border)
        padded = inner
    return padded


def blur(x: Tensor, kernel: Tensor, stride: int, padding_mode: str) -> Tensor:
    """Filter every channel with the same taps.

    Args:
        x: ``(N, C, H, W)``.
        kernel: ``(k, k)``; one tap is no filter.
        stride: Step between outputs, >= 1.
        padding_mode: How the border is continued, in torch's words.

    Returns:
        ``(N, C, ceil(H/s), ceil(W/s))``.
    """
    if kernel.numel() == 1 and stride == 1:
        return x
    taps = kernel.to(x.dtype).expand(x.shape[1], 1, -1, -1)
    return depthwise_conv(x, taps, stride, padding_mode)


def binomial_filter(size: int, name: str = 'filter_size') -> Tensor:
    """The normalised ``size x size`` binomial low-pass filter (Zhang, ICML 2019, Sec. 3.3).

    Args:
        size: Taps per side, 1 to 7: 1 is no filter, 2 the box, 3 the triangle.
        name: What to call it in the error.

    Returns:
        ``(size, size)``, float64, summing to 1.

    Raises:
        ValueError: If ``size`` is not an integer from 1 to 7.
    """
    check_integer(name, size, 1, 7)
    taps = torch.tensor([math.comb(size - 1, k) for k in range(size)], dtype=torch.float64)
    return torch.outer(taps, taps) / taps.sum()**2
