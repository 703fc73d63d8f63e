# Copyright (c) mmtips authors. All rights reserved.
"""What the Triton kernels are told at a launch: how a map is cut for them, and their options."""

from typing import Any

import torch
import triton.language as tl
from torch import Tensor

from mmtips.downsampling import functional
from mmtips.downsampling.kernels.options import TRITON_STRIDES
from mmtips.downsampling.kernels.triton.tiles import MOST_ROWS, Cut, cut_map


def accumulators(x: Tensor) -> tuple[torch.dtype, Any]:
    """What is computed in, in torch's and in Triton's words: float32, or float64 for float64 maps."""
    return (torch.float64, tl.float64) if x.dtype == torch.float64 else (torch.float32, tl.float32)


def even_rows(rows: int, multiple: int = 1) -> int:
    """Rows of a strip: strips of equal height leave the fewest idle; those of phases begin at the first of a cell."""
    rows = -(-rows // -(-rows // MOST_ROWS))
    return -(-rows // multiple) * multiple


def plan_scores(x: Tensor, stride: int, scores: str, padding_mode: str, shift: Tensor | None,
                mode: str) -> tuple[Cut, dict[str, Any]]:
    """The cut and the options of the kernels that slide over psi.

    Args:
        x: ``(N, C, H, W)``.
        stride: The stride s.
        scores: One of :data:`functional.SCORES`.
        padding_mode: Border of the convolution.
        shift: Rows and columns of the shifted copy, or None.
        mode: Of the shift.

    Returns:
        The cut, and what the kernels take by these names.

    Raises:
        ValueError: If one of them is not what the kernels know.
    """
    functional.count_regions(stride, scores)
    if shift is not None:
        functional.check_mode(mode)
    h, w = x.shape[2:]
    if stride not in TRITON_STRIDES or h % stride or w % stride:
        raise ValueError(f'stride: expected 2 to {TRITON_STRIDES[-1]} and sides that are multiples of it, got '
                         f'{stride!r} and {(h, w)}: use the portable kernels')
    last = functional.is_channels_last(x)
    regions = stride if scores == 'quadrant' else 1
    phases = stride if scores == 'phase' else 1
    rows = even_rows(h // regions, phases)
    cut = cut_map(x.shape, x.element_size(), rows, regions, last)
    return cut, dict(strips=cut.strips, column_blocks=cut.column_blocks, region=h // regions,
                     per_region=cut.strips // regions, group=w // stride if scores == 'quadrant' else 1, ROWS=rows,
                     COLUMNS=cut.columns, CHANNELS=cut.channels, ROW_CLASSES=phases,
                     COL_CLASSES=1 if scores == 'global' else stride, SHIFT='' if shift is None else mode,
                     PADDING=functional.check_padding_mode(padding_mode), LAST=last, ACC=accumulators(x)[1],
                     num_warps=cut.warps)


def plan_mix(x: Tensor, windows: Tensor, cell: int, stride: int, padding_mode: str) -> dict[str, Any]:
    """What the kernels of the mix take, whatever is cut into tiles.

    Args:
        x: ``(N, C, H, W)``.
        windows: ``(N, C, t, t)``.
        cell: Side of the cell that a window is centred on.
        stride: Step between positions.
        padding_mode: How the border is continued.

    Returns:
        The options by the kernels' names.

    Raises:
        ValueError: If the map has too few pixels to be reflected, or its sides are no multiples.
    """
    taps = windows.shape[-1]
    before = functional.window_start(taps, cell)
    reach = max(before, taps - before - stride)
    h, w = x.shape[2:]
    if h % stride or w % stride:
        raise ValueError(f'x: expected sides that are multiples of the stride {stride}, got {tuple(x.shape)}')
    functional.check_border((h, w), reach, padding_mode)
    return dict(out_height=h // stride, out_width=w // stride, TAPS=taps, BEFORE=before, STRIDE=stride,
                PADDING=padding_mode if reach else 'zeros', LAST=functional.is_channels_last(x), ACC=accumulators(x)[1])


def mix_blocks(x: Tensor, rows: int, last: bool) -> tuple[int, dict[str, int]]:
    """How many programs share the map ``x``, and in which blocks."""
    cut = cut_map(x.shape, x.element_size(), rows, 1, last)
    return cut.programs, dict(strips=cut.strips, column_blocks=cut.column_blocks, ROWS=rows, COLUMNS=cut.columns,
                              CHANNELS=cut.channels, num_warps=cut.warps)
