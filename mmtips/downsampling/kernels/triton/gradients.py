# Copyright (c) mmtips authors. All rights reserved.
"""Triton kernels of the gradient of the scores of TIPS, in two passes over the map.

The first computes psi anew, writes down one transient map, the gradient before the ReLU, and sums up that of the
filters: one read of x and one write. The second gathers the gradient of x from the 3x3 neighbourhood of each of its
pixels in that map: one read and one write. Both slide over the rows of their strips as ``scores.py`` says.
"""

import triton
import triton.language as tl
from triton.language import constexpr, tensor

from mmtips.downsampling.kernels.triton.rows import (
    columns_around,
    folded_columns,
    load_row,
    load_shifted,
    load_taps,
    rectify,
    shifted_columns,
    strip_rows,
)
from mmtips.downsampling.kernels.triton.tiles import (
    col_offset,
    line_length,
    locate,
    plane_offset,
    store_columns,
)


@triton.jit
def store_three(sums: tensor, total0: tensor, total1: tensor, total2: tensor, row: tensor, sample: tensor,
                chans: tensor, channels: tensor, planes: tensor, LAST: constexpr) -> None:
    """Store the sums of three tiles in three successive rows."""
    store_columns(sums, total0, row, sample, chans, channels, planes, LAST)
    store_columns(sums, total1, row + 1, sample, chans, channels, planes, LAST)
    store_columns(sums, total2, row + 2, sample, chans, channels, planes, LAST)


@triton.jit
def feature_gradient(x: tensor, weight: tensor, shift: tensor, grad_means: tensor, grad_miss: tensor, out: tensor,
                     sums: tensor, channels: tensor, height: tensor, width: tensor, planes: tensor, strips: tensor,
                     column_blocks: tensor, region: tensor, per_region: tensor, group: tensor, ROWS: constexpr,
                     COLUMNS: constexpr, CHANNELS: constexpr, ROW_CLASSES: constexpr, COL_CLASSES: constexpr,
                     CLASSES: constexpr, PADDING: constexpr, SHIFT: constexpr, LAST: constexpr, ACC: constexpr) -> None:
    """The gradient before the ReLU, a map, and the sums ``(slots, 9, N*C)`` that make up that of the filters.

    ``grad_means: (N, C, CLASSES)`` and ``grad_miss: (1,)`` are what each pixel's psi and miss get.
    """
    sample, strip, slot, cols, chans = locate(strips, column_blocks, channels, COLUMNS, CHANNELS, LAST)
    inside = (cols < width) & (chans < channels)
    plane = plane_offset(sample, chans, channels, height, width, LAST)
    left, middle, right, at_left, at_right = columns_around(x + plane, cols, inside, channels, width, PADDING, LAST)
    if SHIFT != '':
        shifted, seen = shifted_columns(x + plane, shift, cols, inside, channels, width, SHIFT, LAST)
        scale = tl.load(grad_miss)
    a0, a1, a2, b0, b1, b2, c0, c1, c2 = load_taps(weight, chans, channels, ACC)
    line = line_length(channels, width, LAST)
    first, stop = strip_rows(strip, region, per_region, ROWS)
    grads = (grad_means + (sample * channels + chans) * CLASSES + strip // per_region * ROW_CLASSES * COL_CLASSES
             + cols // group % COL_CLASSES)
    zero = tl.full((COLUMNS, CHANNELS) if LAST else (CHANNELS, COLUMNS), 0.0, ACC)
    d0, d1, d2, d3, d4, d5, d6, d7, d8 = zero, zero, zero, zero, zero, zero, zero, zero, zero
    p0, p1, p2, q0, q1, q2 = zero, zero, zero, zero, zero, zero
    for k in tl.static_range(ROWS + 2):
        n0, n1, n2 = load_row(left, middle, right, at_left, inside, at_right, first + (k - 1), stop + 1, height, line,
                              PADDING, ACC)
        if k >= 2:
            there = inside & (first + (k - 2) < stop)
            z = a0 * p0 + a1 * p1 + a2 * p2 + b0 * q0 + b1 * q1 + b2 * q2 + c0 * n0 + c1 * n1 + c2 * n2
            grad = tl.load(grads + (k - 2) % ROW_CLASSES * COL_CLASSES, mask=there, other=0.0)
            if SHIFT != '':
                target = load_shifted(shifted, shift, seen & there, first + (k - 2), height, line, SHIFT, ACC)
                grad += scale * (z - target)
            grad = rectify(z, grad, there)
            at = plane + col_offset(cols, channels, LAST) + (first + (k - 2)).to(tl.int64) * line
            tl.store(out + at, grad, mask=there)
            d0, d1, d2 = d0 + grad * p0, d1 + grad * p1, d2 + grad * p2
            d3, d4, d5 = d3 + grad * q0, d4 + grad * q1, d5 + grad * q2
            d6, d7, d8 = d6 + grad * n0, d7 + grad * n1, d8 + grad * n2
        p0, p1, p2, q0, q1, q2 = q0, q1, q2, n0, n1, n2
    store_three(sums, d0, d1, d2, slot * 9, sample, chans, channels, planes, LAST)
    store_three(sums, d3, d4, d5, slot * 9 + 3, sample, chans, channels, planes, LAST)
    store_three(sums, d6, d7, d8, slot * 9 + 6, sample, chans, channels, planes, LAST)


@triton.jit
def input_gradient(grad: tensor, weight: tensor, out: tensor, channels: tensor, height: tensor, width: tensor,
                   strips: tensor, column_blocks: tensor, ROWS: constexpr, COLUMNS: constexpr, CHANNELS: constexpr,
                   PADDING: constexpr, LAST: constexpr, ACC: constexpr) -> None:
    """The gradient of x from that before the ReLU: each pixel gathers from all of which it was a neighbour.

    It was tap k of the pixel 1 - k rows (columns) on. A pixel that continues the map beyond its border was a tap from
    there too; with 3 taps that is one row (column) on each side at most, seen by one pixel: the last one within.
    """
    sample, strip, _, cols, chans = locate(strips, column_blocks, channels, COLUMNS, CHANNELS, LAST)
    inside = (cols < width) & (chans < channels)
    plane = plane_offset(sample, chans, channels, height, width, LAST)
    # Beyond the border of the gradient there is nothing, unless it goes on at the other end.
    BORDER: constexpr = 'circular' if PADDING == 'circular' else 'zeros'
    left, middle, right, at_left, at_right = columns_around(grad + plane, cols, inside, channels, width, BORDER, LAST)
    a0, a1, a2, b0, b1, b2, c0, c1, c2 = load_taps(weight, chans, channels, ACC)
    line = line_length(channels, width, LAST)
    first, stop = strip_rows(strip, height, strips, ROWS)
    zero = tl.full((COLUMNS, CHANNELS) if LAST else (CHANNELS, COLUMNS), 0.0, ACC)
    p0, p1, p2, q0, q1, q2 = zero, zero, zero, zero, zero, zero
    for k in tl.static_range(ROWS + 2):
        left_values, middle_values, right_values = load_row(left, middle, right, at_left, inside, at_right,
                                                            first + (k - 1), stop + 1, height, line, BORDER, ACC)
        n0, n1, n2 = folded_columns(left_values, middle_values, right_values, cols, width, PADDING)
        if k >= 2:
            row = first + (k - 2)
            # A tap of the row above the pixel's own is one below the tap's centre, and the other way round.
            total = a0 * n0 + a1 * n1 + a2 * n2 + b0 * q0 + b1 * q1 + b2 * q2 + c0 * p0 + c1 * p1 + c2 * p2
            if PADDING == 'reflect':
                total += tl.where(row == 1, a0 * p0 + a1 * p1 + a2 * p2, 0.0)
                total += tl.where(row == height - 2, c0 * n0 + c1 * n1 + c2 * n2, 0.0)
            if PADDING == 'replicate':
                total += tl.where(row == 0, a0 * q0 + a1 * q1 + a2 * q2, 0.0)
                total += tl.where(row == height - 1, c0 * q0 + c1 * q1 + c2 * q2, 0.0)
            at = plane + col_offset(cols, channels, LAST) + row.to(tl.int64) * line
            tl.store(out + at, total.to(out.dtype.element_ty), mask=inside & (row < stop))
        p0, p1, p2, q0, q1, q2 = q0, q1, q2, n0, n1, n2
