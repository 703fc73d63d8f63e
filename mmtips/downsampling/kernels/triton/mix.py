# Copyright (c) mmtips authors. All rights reserved.
"""Triton kernels of the window mix: every position weighs the pixels around it by the window of its sample and channel.

A tile is a block of rows x columns, flattened, of a block of channels: a window is loaded once for all of its pixels.
The taps are a loop, since those of large windows, unrolled, do not fit into registers; what two of them share comes
from the cache. The map that is written is cut into tiles: the output in the forward, the input in its gradient, which
gathers; the gradient of the windows sums up over tiles of the output.
"""

import triton
import triton.language as tl
from triton.language import constexpr, tensor

from mmtips.downsampling.kernels.triton.tiles import (
    col_offset,
    line_length,
    locate,
    plane_offset,
    reached,
    source,
    store_columns,
    wrap,
)


@triton.jit
def block_pixels(strips: tensor, column_blocks: tensor, channels: tensor, ROWS: constexpr, COLUMNS: constexpr,
                 CHANNELS: constexpr, LAST: constexpr) -> tl.tuple:
    """Which block is this program's: sample, slot, rows and columns of its pixels, channels."""
    sample, strip, slot, cols, chans = locate(strips, column_blocks, channels, COLUMNS, CHANNELS, LAST)
    pixel = tl.expand_dims(tl.arange(0, ROWS * COLUMNS), 1 if LAST else 0)
    rows = strip * ROWS + pixel // COLUMNS
    cols = slot % column_blocks * COLUMNS + pixel % COLUMNS
    return sample, slot, rows, cols, chans


@triton.jit
def load_pixels(plane: tensor, rows: tensor, cols: tensor, there: tensor, channels: tensor, height: tensor,
                width: tensor, PADDING: constexpr, LAST: constexpr, ACC: constexpr) -> tensor:
    """Pixels of a map, which goes on beyond its border."""
    there = there & reached(rows, height, PADDING) & reached(cols, width, PADDING)
    at = source(rows, height, PADDING).to(tl.int64) * line_length(channels, width, LAST)
    at += col_offset(source(cols, width, PADDING), channels, LAST)
    return tl.load(plane + at, mask=there, other=0.0).to(ACC)


@triton.jit
def mix(x: tensor, windows: tensor, out: tensor, channels: tensor, height: tensor, width: tensor, out_height: tensor,
        out_width: tensor, strips: tensor, column_blocks: tensor, TAPS: constexpr, BEFORE: constexpr, STRIDE: constexpr,
        ROWS: constexpr, COLUMNS: constexpr, CHANNELS: constexpr, PADDING: constexpr, LAST: constexpr,
        ACC: constexpr) -> None:
    """``functional.window_mix``."""
    sample, _, rows, cols, chans = block_pixels(strips, column_blocks, channels, ROWS, COLUMNS, CHANNELS, LAST)
    inside = (rows < out_height) & (cols < out_width) & (chans < channels)
    plane = x + plane_offset(sample, chans, channels, height, width, LAST)
    window = windows + (sample * channels + chans) * (TAPS * TAPS)
    total = tl.full((ROWS * COLUMNS, CHANNELS) if LAST else (CHANNELS, ROWS * COLUMNS), 0.0, ACC)
    for k in range(TAPS * TAPS):
        tap = tl.load(window + k, mask=chans < channels, other=0.0).to(ACC)
        total += tap * load_pixels(plane, rows * STRIDE + (k // TAPS - BEFORE), cols * STRIDE + (k % TAPS - BEFORE),
                                   inside, channels, height, width, PADDING, LAST, ACC)
    at = plane_offset(sample, chans, channels, out_height, out_width, LAST)
    at += rows.to(tl.int64) * line_length(channels, out_width, LAST) + col_offset(cols, channels, LAST)
    tl.store(out + at, total.to(out.dtype.element_ty), mask=inside)


@triton.jit
def window_gradient(grad: tensor, x: tensor, sums: tensor, channels: tensor, height: tensor, width: tensor,
                    out_height: tensor, out_width: tensor, planes: tensor, strips: tensor, column_blocks: tensor,
                    TAPS: constexpr, BEFORE: constexpr, STRIDE: constexpr, ROWS: constexpr, COLUMNS: constexpr,
                    CHANNELS: constexpr, PADDING: constexpr, LAST: constexpr, ACC: constexpr) -> None:
    """The sums ``(slots, TAPS * TAPS, N*C)`` that make up the gradient of the windows."""
    sample, slot, rows, cols, chans = block_pixels(strips, column_blocks, channels, ROWS, COLUMNS, CHANNELS, LAST)
    inside = (rows < out_height) & (cols < out_width) & (chans < channels)
    plane = x + plane_offset(sample, chans, channels, height, width, LAST)
    weights = load_pixels(grad + plane_offset(sample, chans, channels, out_height, out_width, LAST), rows, cols, inside,
                          channels, out_height, out_width, 'zeros', LAST, ACC)
    for k in range(TAPS * TAPS):
        pixels = load_pixels(plane, rows * STRIDE + (k // TAPS - BEFORE), cols * STRIDE + (k % TAPS - BEFORE), inside,
                             channels, height, width, PADDING, LAST, ACC)
        store_columns(sums, weights * pixels, slot * (TAPS * TAPS) + k, sample, chans, channels, planes, LAST)


@triton.jit
def image_of(index: tensor, size: tensor, image: tensor, BEFORE: constexpr, PADDING: constexpr) -> tl.tuple:
    """One of the places that a pixel stands for, along one axis, and whether it does; the first is its own.

    Reflected there are three, replicated one for each pixel beyond a border. Circularly there is one, since the
    positions are counted circularly instead.
    """
    place = index
    stands = index == index
    if PADDING == 'reflect':
        place = tl.where(image == 0, index, tl.where(image == 1, -index, 2 * (size - 1) - index))
        stands = (image == 0) | (place < 0) | (place >= size)
    if PADDING == 'replicate':
        place = tl.where(image == 0, index, tl.where(image <= BEFORE, -image, size - 1 + image - BEFORE))
        stands = (image == 0) | (index == tl.minimum(tl.maximum(place, 0), size - 1))
    return place + BEFORE, stands & (place + BEFORE >= 0)


@triton.jit
def find_position(place: tensor, positions: tensor, step: tensor, STRIDE: constexpr, PADDING: constexpr) -> tl.tuple:
    """A position whose window meets a place, counted from the first window's begin, and with which tap it does."""
    position = place // STRIDE - step
    tap = place % STRIDE + step * STRIDE
    if PADDING == 'circular':
        position = wrap(position, positions)
    return position, tap


@triton.jit
def mix_gradient(grad: tensor, windows: tensor, out: tensor, channels: tensor, height: tensor, width: tensor,
                 out_height: tensor, out_width: tensor, strips: tensor, column_blocks: tensor, TAPS: constexpr,
                 BEFORE: constexpr, STRIDE: constexpr, IMAGES: constexpr, REACH: constexpr, ROWS: constexpr,
                 COLUMNS: constexpr, CHANNELS: constexpr, PADDING: constexpr, LAST: constexpr, ACC: constexpr) -> None:
    """The gradient of x. Only tiles within ``REACH`` pixels of the border look at more than one image of a pixel."""
    sample, slot, rows, cols, chans = block_pixels(strips, column_blocks, channels, ROWS, COLUMNS, CHANNELS, LAST)
    inside = (rows < height) & (cols < width) & (chans < channels)
    plane = grad + plane_offset(sample, chans, channels, out_height, out_width, LAST)
    window = windows + (sample * channels + chans) * (TAPS * TAPS)
    total = tl.full((ROWS * COLUMNS, CHANNELS) if LAST else (CHANNELS, ROWS * COLUMNS), 0.0, ACC)
    first_row = slot // column_blocks * ROWS
    first_col = slot % column_blocks * COLUMNS
    row_images = tl.where((first_row < REACH) | (first_row + ROWS > height - REACH), IMAGES, 1)
    col_images = tl.where((first_col < REACH) | (first_col + COLUMNS > width - REACH), IMAGES, 1)
    STEPS: constexpr = (TAPS + STRIDE - 1) // STRIDE
    for image in range(row_images * col_images):
        row, row_stands = image_of(rows, height, image // col_images, BEFORE, PADDING)
        col, col_stands = image_of(cols, width, image % col_images, BEFORE, PADDING)
        for k in range(STEPS * STEPS):
            i, row_tap = find_position(row, out_height, k // STEPS, STRIDE, PADDING)
            j, col_tap = find_position(col, out_width, k % STEPS, STRIDE, PADDING)
            there = inside & row_stands & col_stands & (row_tap < TAPS) & (col_tap < TAPS)
            taps = tl.load(window + (row_tap * TAPS + col_tap), mask=there, other=0.0).to(ACC)
            total += taps * load_pixels(plane, i, j, there, channels, out_height, out_width, 'zeros', LAST, ACC)
    at = plane_offset(sample, chans, channels, height, width, LAST)
    at += rows.to(tl.int64) * line_length(channels, width, LAST) + col_offset(cols, channels, LAST)
    tl.store(out + at, total.to(out.dtype.element_ty), mask=inside)
