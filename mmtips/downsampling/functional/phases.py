# Copyright (c) mmtips authors. All rights reserved.
"""Phases of a map: split, score, select."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtips.downsampling.functional.checks import is_recorded

#: How a phase is scored for selection.
NORMS = ('l1', 'l2', 'linf', 'l2_min')


def split_phases(x: Tensor, stride: int) -> Tensor:
    """Split a map into its polyphase components (TIPS, Eq. 1).

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``.
        stride: The split factor s >= 2.

    Returns:
        ``(N, C, s*s, H/s, W/s)``, row-major in the phase index.
    """
    return _cells(x, stride).flatten(2, 3)


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
        if is_recorded() or full != size:
            index = torch.arange(full, device=x.device) - (full - size)
            sources = dict(reflect=index.abs(), replicate=index.clamp(min=0),
                           circular=torch.where(index < 0, index + size, index))
            x = x.index_select(dim, sources[padding_mode])
    return x


def select_phase(x: Tensor, index: Tensor, stride: int) -> Tensor:
    """Keep one phase of every sample (adaptive polyphase sampling; Chaman & Dokmanic, CVPR 2021, Eq. 6).

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``.
        index: int64, ``(N,)``, or ``(N, C)`` for one phase per channel; in [0, s*s).
        stride: The split factor s >= 2.

    Returns:
        ``(N, C, H/s, W/s)``.
    """
    # Indexed where it lies: splitting would copy all phases for one.
    if index.dim() == 1 and x.is_contiguous():
        return _one_for_all_channels(x, index, stride)
    index = index[:, None] if index.dim() == 1 else index
    cells = _cells(x, stride)
    samples = torch.arange(x.shape[0], device=x.device)[:, None]
    return cells[samples, torch.arange(x.shape[1], device=x.device), index // stride, index % stride]


def _one_for_all_channels(x: Tensor, index: Tensor, stride: int) -> Tensor:
    """Gather by one list of pixels for each sample, which in the backward is a plain scatter."""
    rows, columns = (torch.arange(size // stride, device=x.device) * stride for size in x.shape[-2:])
    rows, columns = (index // stride)[:, None] + rows, (index % stride)[:, None] + columns
    pixels = rows[:, :, None] * x.shape[-1] + columns[:, None]
    kept = x.flatten(2).gather(2, pixels.flatten(1)[:, None].expand(-1, x.shape[1], -1))
    return kept.unflatten(2, pixels.shape[1:])


def _cells(x: Tensor, stride: int) -> Tensor:
    """``(N, C, s, s, H/s, W/s)``: as pixel_unshuffle, which leaves an empty batch as it is."""
    return _by_offset(_by_offset(x, -2, stride), -1, stride).permute(0, 1, 3, 5, 2, 4)


def _by_offset(x: Tensor, dim: int, stride: int) -> Tensor:
    """See a side as cells of ``stride`` pixels: ``size`` becomes ``(size / s, s)``."""
    return x.unflatten(dim, (x.shape[dim] // stride, stride))


def phase_scores(x: Tensor, stride: int, norm: str = 'l2', per_channel: bool = False) -> Tensor:
    """The norm of every phase, by which the phase to keep is chosen (Chaman & Dokmanic, CVPR 2021, Sec. 4.1).

    A circular shift permutes the phases and leaves each norm as it is, so that the choice moves with the input.

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``.
        stride: The split factor s >= 2.
        norm: One of :data:`NORMS`; ``'l2_min'`` is the negative l2 norm: the weakest phase scores highest.
        per_channel: Whether each channel is scored by itself.

    Returns:
        ``(N, s*s)``, or ``(N, C, s*s)`` per channel; float32, or float64 for float64 maps. The larger, the better.

    Raises:
        ValueError: If ``norm`` is unknown.
    """
    if norm not in NORMS:
        raise ValueError(f'norm: expected one of {NORMS}, got {norm!r}')
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    # Sums are added up by blocks; torch.linalg.vector_norm, here, one by one: slower, and less exact on large maps.
    powers = x.abs() if norm in ('l1', 'linf') else x.square()
    reduce = torch.amax if norm == 'linf' else torch.sum
    # Rows go first: what is left then is small.
    rows = reduce(_by_offset(powers, -2, stride), dim=2 if per_channel else (1, 2))
    scores = reduce(_by_offset(rows, -1, stride), dim=-2).flatten(-2)
    if norm in ('l1', 'linf'):
        return scores
    return -scores.sqrt() if norm == 'l2_min' else scores.sqrt()


def phase_logits(x: Tensor, stride: int, hidden_weight: Tensor, hidden_bias: Tensor, logit_weight: Tensor,
                 logit_bias: Tensor) -> Tensor:
    """A logit of every phase from one small network that all phases share (Rojas-Gomez et al., NeurIPS 2022, Sec. 4.2).

    The network is: circular 3x3 convolution, ReLU, circular 3x3 convolution, mean over channels and pixels. The mean of
    a circular convolution is the convolution of the means, so that the second one is never run over the map.

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``.
        stride: The split factor s >= 2.
        hidden_weight: ``(K, C, 3, 3)``.
        hidden_bias: ``(K,)``.
        logit_weight: ``(K, K, 3, 3)``.
        logit_bias: ``(K,)``.

    Returns:
        ``(N, s*s)``, float32, or float64 for float64 maps; a circular shift of ``x`` permutes it.
    """
    phases = split_phases(x, stride).transpose(1, 2)
    padded = F.pad(phases.flatten(0, 1), (1, 1, 1, 1), mode='circular')
    hidden = F.conv2d(padded, hidden_weight, hidden_bias).relu()
    means = hidden.to(torch.promote_types(hidden.dtype, torch.float32)).mean((-2, -1))
    taps = logit_weight.to(means.dtype).sum((-2, -1)).mean(0)
    logits = (means * taps).sum(-1) + logit_bias.to(means.dtype).mean()
    return logits.unflatten(0, (-1, stride * stride))
