# Copyright (c) mmtips authors. All rights reserved.
"""Triton kernels of the scores of TIPS: means of the features psi over regions, and the loss L_undo, without psi.

Each program slides over the rows of its strip, which are unrolled so that their loads are in flight together: of each
row it loads the three columns around its own, so that a pixel is loaded three times where a plain 3x3 convolution loads
it nine times. What programs sum up goes to a slot of their own, which torch sums: no atomics, so that equal inputs give
equal bits.

Row ``r`` of a region is of class ``r % ROW_CLASSES``, and column ``c`` of class ``c // group % COL_CLASSES``: phases,
or the blocks of an image in one row of regions.
"""

import triton
import triton.language as tl
from triton.language import constexpr, tensor

from mmtips.downsampling.kernels.triton.rows import (
    columns_around,
    load_row,
    load_shifted,
    load_taps,
    rectify,
    shifted_columns,
    strip_rows,
)
from mmtips.downsampling.kernels.triton.tiles import line_length, locate, plane_offset, store_columns


@triton.jit
def sum_features(x: tensor, weight: tensor, shift: tensor, sums: tensor, misses: tensor, channels: tensor,
                 height: tensor, width: tensor, planes: tensor, strips: tensor, column_blocks: tensor, region: tensor,
                 per_region: tensor, group: tensor, ROWS: constexpr, COLUMNS: constexpr, CHANNELS: constexpr,
                 ROW_CLASSES: constexpr, COL_CLASSES: constexpr, PADDING: constexpr, SHIFT: constexpr, LAST: constexpr,
                 ACC: constexpr) -> None:
    """Sums of psi over each class, ``(slots, row classes, column classes, N*C)``, and of the squared misses."""
    sample, strip, slot, cols, chans = locate(strips, column_blocks, channels, COLUMNS, CHANNELS, LAST)
    inside = (cols < width) & (chans < channels)
    plane = x + plane_offset(sample, chans, channels, height, width, LAST)
    left, middle, right, at_left, at_right = columns_around(plane, cols, inside, channels, width, PADDING, LAST)
    if SHIFT != '':
        shifted, seen = shifted_columns(plane, shift, cols, inside, channels, width, SHIFT, LAST)
    a0, a1, a2, b0, b1, b2, c0, c1, c2 = load_taps(weight, chans, channels, ACC)
    line = line_length(channels, width, LAST)
    first, stop = strip_rows(strip, region, per_region, ROWS)
    zero = tl.full((COLUMNS, CHANNELS) if LAST else (CHANNELS, COLUMNS), 0.0, ACC)
    total0, total1, total2, total3, miss, begun, half = zero, zero, zero, zero, zero, zero, zero
    for k in tl.static_range(ROWS + 2):
        # A row is the last of three to the pixels above it, the second to its own, and the first to those below.
        x0, x1, x2 = load_row(left, middle, right, at_left, inside, at_right, first + (k - 1), stop + 1, height, line,
                              PADDING, ACC)
        done = half + (c0 * x0 + c1 * x1 + c2 * x2)
        half = begun + (b0 * x0 + b1 * x1 + b2 * x2)
        begun = a0 * x0 + a1 * x1 + a2 * x2
        if k >= 2:
            there = first + (k - 2) < stop
            psi = rectify(done, done, inside & there)
            total0 = total0 + psi if (k - 2) % ROW_CLASSES == 0 else total0
            total1 = total1 + psi if (k - 2) % ROW_CLASSES == 1 else total1
            total2 = total2 + psi if (k - 2) % ROW_CLASSES == 2 else total2
            total3 = total3 + psi if (k - 2) % ROW_CLASSES == 3 else total3
            if SHIFT != '':
                target = load_shifted(shifted, shift, seen & there, first + (k - 2), height, line, SHIFT, ACC)
                miss += (psi - target) * (psi - target)
    for k in tl.static_range(ROW_CLASSES * COL_CLASSES):
        row_class = k // COL_CLASSES
        total = total0 if row_class == 0 else total1 if row_class == 1 else total2 if row_class == 2 else total3
        total = tl.where(cols // group % COL_CLASSES == k % COL_CLASSES, total, 0.0)
        store_columns(sums, total, slot * (ROW_CLASSES * COL_CLASSES) + k, sample, chans, channels, planes, LAST)
    if SHIFT != '':
        tl.store(misses + tl.program_id(0), tl.sum(miss))
