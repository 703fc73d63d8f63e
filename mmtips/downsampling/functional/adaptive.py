# Copyright (c) mmtips authors. All rights reserved.
"""Filters whose taps depend on the input: one window per sample and channel, or one per location."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtips.downsampling.functional.checks import as_autocast
from mmtips.downsampling.functional.filters import binomial_filter, pad_border, window_start


def spread_over_taps(phase_weights: Tensor, taps: int, stride: int, shares: Tensor | None = None) -> Tensor:
    """Turn weights of phases into a window that may be larger than the stride cell, so that it can low-pass.

    Every tap of the window meets a pixel of one phase; the weight of a phase is shared among its taps in the proportion
    of the binomial filter of that size. With ``taps == s`` each phase has one tap, which takes its whole weight: the
    published operator. Equal weights at s = 2 give exactly the binomial filter: BlurPool. Ours, in no paper.

    Args:
        phase_weights: tau, ``(N, C, s*s)``.
        taps: Taps per side, from s to 7.
        stride: The stride s >= 2.
        shares: What :func:`tap_shares` says, where whoever calls has kept it.

    Returns:
        ``(N, C, taps, taps)``; the taps of each phase sum to its weight.
    """
    if taps == stride:
        return phase_weights.unflatten(-1, (stride, stride))
    # No matrix product: autocast would round the weights.
    shares = tap_shares(taps, stride).to(phase_weights) if shares is None else shares
    return (phase_weights[..., None] * shares).sum(-2).unflatten(-1, (taps, taps))


def gather_from_taps(windows: Tensor, taps: int, stride: int, shares: Tensor | None = None) -> Tensor:
    """The adjoint of :func:`spread_over_taps`: ``(N, C, taps, taps)`` to ``(N, C, s*s)``."""
    if taps == stride:
        return windows.flatten(-2)
    shares = tap_shares(taps, stride).to(windows) if shares is None else shares
    return (windows.flatten(-2)[..., None, :] * shares).sum(-1)


def tap_shares(taps: int, stride: int) -> Tensor:
    """What each tap of a window gets of the weight of each phase: ``(s*s, taps*taps)``, float64, rows summing to 1."""
    line = binomial_filter(taps).sum(0)
    phase = (torch.arange(taps) + stride - window_start(taps, stride)) % stride
    share = torch.zeros(stride, taps, dtype=torch.float64)
    share[phase, torch.arange(taps)] = line
    share /= share.sum(1, keepdim=True)
    return torch.kron(share, share)


def crop_to_cell(windows: Tensor, stride: int, top: int, left: int) -> Tensor:
    """What a window puts on the pixels of the stride cell.

    Args:
        windows: ``(..., t, t)``.
        stride: Side s of the cell.
        top: Rows of the window before the cell; negative if it begins within.
        left: Columns before the cell.

    Returns:
        ``(..., s, s)``, 0 where the window does not reach.
    """
    beyond = stride - windows.shape[-1]
    return F.pad(windows, (-left, beyond + left, -top, beyond + top))


def choice_on_cell(choice: Tensor, windows: Tensor, stride: int, start: int) -> Tensor:
    """What a phase of a filtered map is made of: the filter's window, moved to the pixel of that phase.

    Args:
        choice: Weights of the phases, ``(N, C or 1, s*s)``, one-hot where one is kept.
        windows: The filter's, ``(N or 1, C or 1, t, t)``.
        stride: The stride s >= 2.
        start: How many pixels before its position a window begins.

    Returns:
        ``(N, C or 1, s*s)``: the weights on the pixels of the cell.
    """
    parts = [choice[..., phase, None, None] * crop_to_cell(windows, stride, start - phase // stride,
                                                           start - phase % stride) for phase in range(stride**2)]
    return torch.stack(parts).sum(0).flatten(-2)


def window_mix(x: Tensor, windows: Tensor, cell: int, stride: int, padding_mode: str = 'zeros') -> Tensor:
    """Weigh the pixels around each position by a window of the sample's and channel's own.

    It is written as one grouped convolution: no phase is ever copied.

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``.
        windows: ``(N, C, t, t)``.
        cell: Side of the cell that a window is centred on, <= t.
        stride: Step between positions, >= 1.
        padding_mode: How the border is continued where a window reaches over it.

    Returns:
        ``(N, C, H/stride, W/stride)``.
    """
    n, c, h, w = x.shape
    if n == 0:  # a convolution has a group at least
        return x[..., ::stride, ::stride]
    planes = mix_planes(x.reshape(1, n * c, h, w), windows.flatten(0, 1), cell, stride, padding_mode)
    return planes.reshape(n, c, h // stride, w // stride)


def mix_planes(planes: Tensor, windows: Tensor, cell: int, stride: int, padding_mode: str = 'zeros') -> Tensor:
    """:func:`window_mix` of maps that stand in a row, as the channels of one sample.

    Args:
        planes: ``(1, P, H, W)`` with H and W multiples of ``stride``.
        windows: ``(P, t, t)``.
        cell: Side of the cell that a window is centred on, <= t.
        stride: Step between positions, >= 1.
        padding_mode: How the border is continued where a window reaches over it.

    Returns:
        ``(1, P, H/stride, W/stride)``.
    """
    taps = windows.shape[-1]
    before = window_start(taps, cell)
    after = taps - before - stride
    if before or after:
        planes = pad_border(planes, before, after, padding_mode)
    return F.conv2d(planes, windows.to(planes.dtype)[:, None], stride=stride, groups=len(windows))


def mix_phases(x: Tensor, phase_weights: Tensor, stride: int) -> Tensor:
    """Weighted sum of the phases, with weights of their own for every sample and channel.

    The weights are an s x s window over the cell.

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``.
        phase_weights: ``(N, C, s*s)``.
        stride: The split factor s >= 2.

    Returns:
        ``(N, C, H/s, W/s)``: ``sum_k phase_weights[..., k] * split_phases(x, s)[:, :, k]``.
    """
    return window_mix(x, phase_weights.unflatten(-1, (stride, stride)), stride, stride)


def location_filter(x: Tensor, taps: Tensor, stride: int, padding_mode: str) -> Tensor:
    """Filter every location with taps of its own, shared by the channels of a group (Zou et al., BMVC 2020, Eq. 3).

    Args:
        x: ``(N, C, H, W)``.
        taps: ``(N, g, k*k, ceil(H/s), ceil(W/s))`` with g a divisor of C; group i filters channels i*C/g and on.
        stride: The stride s >= 1.
        padding_mode: How the border is continued.

    Returns:
        ``(N, C, ceil(H/s), ceil(W/s))``.
    """
    n, groups, size, h, w = taps.shape
    k = round(int(size)**0.5)  # in a trace, sizes are tensors
    before = window_start(k, stride)
    x = as_autocast(x)
    # Autocast pads and sums in float32: patches are k*k times the map, and stay as small as it is.
    padded = pad_border(x, before, k - 1 - before, padding_mode).to(x.dtype)
    patches = F.unfold(padded, k, stride=stride).reshape(n, groups, x.shape[1] // groups, size, h * w)
    return (patches * taps.to(x.dtype).flatten(3)[:, :, None]).sum(3, dtype=x.dtype).reshape(n, x.shape[1], h, w)
