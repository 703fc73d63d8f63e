# Copyright (c) mmtips authors. All rights reserved.
"""Rows of a map as the Triton kernels of the scores load them: with their neighbours, or from where L_undo looks."""

import triton
import triton.language as tl
from triton.language import constexpr, tensor

from mmtips.downsampling.kernels.triton.tiles import col_offset, reached, source, wrap


@triton.jit
def columns_around(plane: tensor, cols: tensor, inside: tensor, channels: tensor, width: tensor, PADDING: constexpr,
                   LAST: constexpr) -> tl.tuple:
    """The columns to the left, here and to the right, as they lie in a row, and where the outer two are any."""
    return (plane + col_offset(source(cols - 1, width, PADDING), channels, LAST),
            plane + col_offset(cols, channels, LAST),
            plane + col_offset(source(cols + 1, width, PADDING), channels, LAST),
            inside & reached(cols - 1, width, PADDING), inside & reached(cols + 1, width, PADDING))


@triton.jit
def load_row(left: tensor, middle: tensor, right: tensor, at_left: tensor, inside: tensor, at_right: tensor,
             row: tensor, stop: tensor, height: tensor, line: tensor, PADDING: constexpr, ACC: constexpr) -> tl.tuple:
    """A row of a map in the three columns of :func:`columns_around`; zeros from row ``stop`` on."""
    at = source(row, height, PADDING).to(tl.int64) * line
    there = reached(row, height, PADDING) & (row < stop)
    return (tl.load(left + at, mask=at_left & there, other=0.0).to(ACC),
            tl.load(middle + at, mask=inside & there, other=0.0).to(ACC),
            tl.load(right + at, mask=at_right & there, other=0.0).to(ACC))


@triton.jit
def load_taps(weight: tensor, chans: tensor, channels: tensor, ACC: constexpr) -> tl.tuple:
    """The nine taps of the 3x3 filters of a block of channels."""
    first = weight + chans.to(tl.int64) * 9
    known = chans < channels
    return (tl.load(first, mask=known, other=0.0).to(ACC), tl.load(first + 1, mask=known, other=0.0).to(ACC),
            tl.load(first + 2, mask=known, other=0.0).to(ACC), tl.load(first + 3, mask=known, other=0.0).to(ACC),
            tl.load(first + 4, mask=known, other=0.0).to(ACC), tl.load(first + 5, mask=known, other=0.0).to(ACC),
            tl.load(first + 6, mask=known, other=0.0).to(ACC), tl.load(first + 7, mask=known, other=0.0).to(ACC),
            tl.load(first + 8, mask=known, other=0.0).to(ACC))


@triton.jit
def strip_rows(strip: tensor, region: tensor, per_region: tensor, ROWS: constexpr) -> tl.tuple:
    """The first row of a strip, and the one behind its last: strips do not cross the borders of regions."""
    first = strip // per_region * region + strip % per_region * ROWS
    return first, tl.minimum(first + ROWS, (strip // per_region + 1) * region)


@triton.jit
def shifted_columns(plane: tensor, shift: tensor, cols: tensor, inside: tensor, channels: tensor, width: tensor,
                    SHIFT: constexpr, LAST: constexpr) -> tl.tuple:
    """Where the columns of the shifted map (``losses.functional.shift_map``) come from, and which of them do."""
    cols = cols - tl.load(shift + 1).to(tl.int32)
    if SHIFT == 'circular':
        cols = wrap(cols, width)
    return plane + col_offset(cols, channels, LAST), inside & (cols >= 0) & (cols < width)


@triton.jit
def load_shifted(plane: tensor, shift: tensor, seen: tensor, row: tensor, height: tensor, line: tensor,
                 SHIFT: constexpr, ACC: constexpr) -> tensor:
    """A row of the shifted map, in the columns of :func:`shifted_columns`."""
    row = row - tl.load(shift).to(tl.int32)
    if SHIFT == 'circular':
        row = wrap(row, height)
    return tl.load(plane + row.to(tl.int64) * line, mask=seen & (row >= 0) & (row < height), other=0.0).to(ACC)


@triton.jit
def rectify(z: tensor, value: tensor, there: tensor) -> tensor:
    """``value`` where ``z`` is positive, or not a number as torch has it, and 0 elsewhere."""
    return tl.where(there, tl.where(z <= 0, 0.0, value), 0.0)


@triton.jit
def folded_columns(left: tensor, middle: tensor, right: tensor, cols: tensor, width: tensor,
                   PADDING: constexpr) -> tl.tuple:
    """From the gradients to the left, here and to the right: those to which a pixel was the tap 0, 1 and 2 of a row.

    It was tap 2 of its left neighbour and tap 0 of its right one. A pixel that continues the row beyond its border was
    a tap from there too: the second of a reflected row tap 0 of the first, the first of a replicated one of itself.
    """
    first = right
    last = left
    if PADDING == 'reflect':
        first = right + tl.where(cols == 1, left, 0.0)
        last = left + tl.where(cols == width - 2, right, 0.0)
    if PADDING == 'replicate':
        first = right + tl.where(cols == 0, middle, 0.0)
        last = left + tl.where(cols == width - 1, middle, 0.0)
    return first, middle, last
