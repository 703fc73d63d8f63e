# Copyright (c) mmtips authors. All rights reserved.
"""Whole-pixel shifts of a map."""

import itertools
from collections.abc import Sequence
from types import EllipsisType

import torch
from torch import Tensor

SHIFT_MODES = ('standard', 'circular')
#: Index of a rectangle of a map ``(..., H, W)``.
Part = tuple[EllipsisType, slice, slice]


def check_mode(mode: str) -> str:
    """Return ``mode``, or raise a ValueError that lists the known ones."""
    if mode not in SHIFT_MODES:
        raise ValueError(f'mode: expected one of {SHIFT_MODES}, got {mode!r}')
    return mode


def shift_map(x: Tensor, amounts: Tensor, mode: str = 'standard') -> Tensor:
    """Shift a map by whole pixels: ``out[i, j] = x[i - amounts[0], j - amounts[1]]``.

    Args:
        x: ``(N, C, H, W)``.
        amounts: ``(2,)`` int64, rows and columns.
        mode: ``'circular'`` wraps around; ``'standard'`` leaves zeros where nothing moved in.

    Returns:
        ``(N, C, H, W)``.

    Raises:
        ValueError: If ``mode`` is unknown.
    """
    check_mode(mode)
    amounts = amounts.to(x.device)
    for dim, amount in ((-2, amounts[0]), (-1, amounts[1])):
        size = x.shape[dim]
        source = torch.arange(size, device=x.device) - amount
        x = x.index_select(dim, source % size)
        if mode == 'standard':
            inside = ((source >= 0) & (source < size)).to(x.dtype)
            x = x * (inside[:, None] if dim == -2 else inside)
    return x


def shifted_parts(amounts: Sequence[int], size: Sequence[int],
                  mode: str = 'standard') -> list[tuple[Part, Part | None]]:
    """The rectangles that :func:`shift_map` moves, for use without a shifted copy.

    Args:
        amounts: Rows and columns.
        size: Height and width of the map.
        mode: One of :data:`SHIFT_MODES`.

    Returns:
        Pairs ``(there, here)``: ``shifted[there]`` is ``x[here]``, or zeros where ``here`` is None. They cover the map.

    Raises:
        ValueError: If ``mode`` is unknown.
    """
    check_mode(mode)
    rows, columns = (_shifted_runs(amount, side, mode) for amount, side in zip(amounts, size, strict=True))
    return [((..., row[0], column[0]), (..., row[1], column[1]) if row[1] and column[1] else None)
            for row, column in itertools.product(rows, columns)]


def _shifted_runs(amount: int, size: int, mode: str) -> list[tuple[slice, slice | None]]:
    """The same along one side."""
    if mode == 'standard' and abs(amount) >= size:
        return [(slice(0, size), None)]
    kept = amount % size  # where what was first comes to lie; what lay behind the rest wraps around
    runs: list[tuple[slice, slice | None]] = [(slice(kept, size), slice(0, size - kept)),
                                              (slice(0, kept), slice(size - kept, size))]
    if mode == 'standard':
        gone = 1 if amount >= 0 else 0
        runs[gone] = (runs[gone][0], None)
    return [run for run in runs if run[0].start < run[0].stop]
