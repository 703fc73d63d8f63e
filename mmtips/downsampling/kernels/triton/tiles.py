# Copyright (c) mmtips authors. All rights reserved.
"""What the Triton kernels share: the tiles of a map, where a pixel lies in memory, and what is beyond the border.

A program works on one strip of rows, one block of columns and one block of channels of one sample. The coalesced
direction is always the last one of its tile: ``(channels, columns)`` for contiguous maps, whose neighbours in memory
are columns, and ``(columns, channels)`` for channels_last ones. Which of the two it is, ``LAST``, is all that the
kernels know of memory formats; they are written once. Offsets are 64 bits wide before anything is multiplied with them.
"""

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.language import constexpr, tensor

#: Elements of a tile per thread: enough loads in flight to hide the latency, few enough to stay in registers.
PER_THREAD = 4
#: Threads of a program at most; halved while there are fewer programs than two for each unit of a large GPU.
MOST_THREADS = 128
ENOUGH_PROGRAMS = 256
#: Most columns of a tile of a contiguous map.
MOST_COLUMNS = 128
#: Bytes of the block of channels of a channels_last map: one line of the cache. With more there would be fewer columns
#: in a tile, and more of its loads for the columns next to it.
LINE_BYTES = 128
MOST_ROWS = 8


class Cut(NamedTuple):
    """How a map is cut into tiles: see :func:`cut_map`. Sizes of blocks are powers of two."""

    strips: int
    rows: int
    columns: int
    channels: int
    column_blocks: int
    programs: int
    warps: int


def cut_map(shape: torch.Size, item: int, rows: int, regions: int, last: bool) -> Cut:
    """Cut a map into tiles.

    Args:
        shape: ``(N, C, H, W)``.
        item: Bytes of an element.
        rows: Rows of a strip at most.
        regions: Bands of H / regions rows, whose borders no strip crosses.
        last: Whether the map is channels_last.

    Returns:
        The cut; ``strips`` counts those of all regions. All but the last strip of a region have ``rows`` rows.
    """
    n, c, h, w = shape
    strips = regions * _blocks(h // regions, rows)
    threads = MOST_THREADS
    while True:
        size = PER_THREAD * threads
        if last:
            channels = min(_power_of_two(c), LINE_BYTES // item)
            columns = min(_power_of_two(w), size // channels)
        else:
            columns = min(_column_block(w), size)
            channels = min(_power_of_two(c), size // columns)
        programs = n * strips * _blocks(w, columns) * _blocks(c, channels)
        if programs >= ENOUGH_PROGRAMS or threads <= 32:
            return Cut(strips, rows, columns, channels, _blocks(w, columns), programs, threads // 32)
        threads //= 2


def _blocks(size: int, block: int) -> int:
    return -(-size // block)


def _power_of_two(size: int) -> int:
    return 1 << (size - 1).bit_length()


def _column_block(width: int) -> int:
    # The largest that leaves at most a quarter of its lanes idle, but at least 16: narrower ones share sectors.
    block = min(_power_of_two(width), MOST_COLUMNS)
    while block > 16 and _blocks(width, block) * block * 3 > width * 4:
        block //= 2
    return block


def as_format(x: Tensor, last: bool) -> Tensor:
    """``x`` in one of the two memory formats; itself if it is already."""
    return x.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


@triton.jit
def locate(strips: tensor, column_blocks: tensor, channels: tensor, COLUMNS: constexpr, CHANNELS: constexpr,
           LAST: constexpr) -> tl.tuple:
    """Which tile is this program's: sample, strip, slot among those of a channel, columns, channels."""
    program = tl.program_id(0)
    slots = strips * column_blocks
    slot = program % slots
    channel_blocks = (channels + CHANNELS - 1) // CHANNELS
    sample = (program // slots // channel_blocks).to(tl.int64)
    cols = slot % column_blocks * COLUMNS + tl.arange(0, COLUMNS)
    chans = program // slots % channel_blocks * CHANNELS + tl.arange(0, CHANNELS)
    cols = tl.expand_dims(cols, 1 if LAST else 0)
    chans = tl.expand_dims(chans, 0 if LAST else 1)
    return sample, slot // column_blocks, slot, cols, chans


@triton.jit
def plane_offset(sample: tensor, chans: tensor, channels: tensor, height: tensor, width: tensor,
                 LAST: constexpr) -> tensor:
    """Where the planes of a block of channels begin."""
    wide = chans.to(tl.int64)
    return sample * channels * height * width + (wide if LAST else wide * height * width)


@triton.jit
def line_length(channels: tensor, width: tensor, LAST: constexpr) -> tensor:
    """How far one row is from the next."""
    return width * channels if LAST else width


@triton.jit
def col_offset(col: tensor, channels: tensor, LAST: constexpr) -> tensor:
    """Where a column lies in its row."""
    wide = col.to(tl.int64)
    return wide * channels if LAST else wide


@triton.jit
def store_columns(sums: tensor, total: tensor, row: tensor, sample: tensor, chans: tensor, channels: tensor,
                  planes: tensor, LAST: constexpr) -> None:
    """Sum a tile over its columns, and store the sums of its channels in a row of ``sums: (rows, planes)``."""
    part = tl.sum(total, axis=0 if LAST else 1, keep_dims=True)
    tl.store(sums + row.to(tl.int64) * planes + sample * channels + chans, part, mask=chans < channels)


@triton.jit
def wrap(index: tensor, size: tensor) -> tensor:
    """``index`` modulo ``size``, never negative: the remainder of the machine has the sign of the index."""
    return (index % size + size) % size


@triton.jit
def source(index: tensor, size: tensor, PADDING: constexpr) -> tensor:
    """Which pixel of the map continues it at ``index``; for zeros any, see :func:`reached`."""
    if PADDING == 'circular':
        index = wrap(index, size)
    elif PADDING == 'reflect':
        index = tl.where(index < 0, -index, index)
        index = tl.where(index >= size, 2 * (size - 1) - index, index)
    else:
        index = tl.minimum(tl.maximum(index, 0), size - 1)
    return index


@triton.jit
def reached(index: tensor, size: tensor, PADDING: constexpr) -> tensor:
    """Whether there is anything at ``index``: everywhere, but beyond a border of zeros."""
    inside = (index >= 0) & (index < size)
    if PADDING != 'zeros':
        inside = inside | (index == index)
    return inside
