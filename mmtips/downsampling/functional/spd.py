# Copyright (c) mmtips authors. All rights reserved.
"""Space-to-depth and a convolution without stride, in place of a strided one."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtips.downsampling.functional.phases import split_phases


def _reach(kernel: int, padding: int, dilation: int, stride: int) -> tuple[int, int]:
    """The first and last cell, relative to its own, that a window of the strided convolution meets."""
    return -padding // stride, (dilation * (kernel - 1) - padding) // stride


def space_to_depth_weight(weight: Tensor, stride: int, padding: int, dilation: int = 1) -> Tensor:
    """The taps of a strided convolution, ordered for the cells of a space-to-depth map (Sunkara & Luo, ECML 2022).

    Tap (y, x) of the strided convolution meets the pixel ``(s*i + y*d - p, s*j + x*d - p)``, which is pixel
    ``((y*d - p) mod s, ...)`` of the cell that lies ``floor((y*d - p) / s)`` cells away. Taps that meet nothing are 0.

    Args:
        weight: ``(O, C/g, k, k)``.
        stride: The stride s >= 2.
        padding: p, pixels of zero padding.
        dilation: d.

    Returns:
        ``(O, C/g * s*s, K, K)``: 2x2 and s = 2, p = 0 gives K = 1; 3x3 and s = 2, p = 1 gives K = 2.
    """
    out, channels, kernel, _ = weight.shape
    first, last = _reach(kernel, padding, dilation, stride)
    side = (last - first + 1) * stride
    spread = weight.new_zeros(out, channels, side, side)
    begin = -padding - first * stride
    spread[..., begin:begin + dilation * (kernel - 1) + 1:dilation,
           begin:begin + dilation * (kernel - 1) + 1:dilation] = weight
    return F.pixel_unshuffle(spread, stride)


def space_to_depth_conv(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, kernel: int, padding: int,
                        dilation: int = 1, groups: int = 1, padding_mode: str = 'zeros') -> Tensor:
    """Apply the taps of :func:`space_to_depth_weight`: equal to the strided convolution up to rounding.

    Args:
        x: ``(N, C, H, W)``.
        weight: ``(O, C/g * s*s, K, K)``.
        bias: ``(O,)``, or None.
        stride: The stride s of the strided convolution.
        kernel: Its kernel size k.
        padding: Its padding p.
        dilation: Its dilation d.
        groups: Its groups g.
        padding_mode: ``'zeros'`` or ``'circular'``.

    Returns:
        ``(N, O, floor((H + 2p - d(k-1) - 1) / s) + 1, ...)``.

    Raises:
        ValueError: If the padding mode is another one.
    """
    first, last = _reach(kernel, padding, dilation, stride)
    begin = -first * stride
    # From the first cell that a window meets to the last one: beyond the map is its padding, and what no window meets
    # goes. One division, of a positive number: an export has to see that the sides are multiples of the stride.
    cells = [(side + 2 * padding - dilation * (kernel - 1) - 1 + stride * (1 + last - first)) // stride
             for side in x.shape[-2:]]
    if padding_mode == 'zeros':
        rows, columns = (count * stride - side - begin for count, side in zip(cells, x.shape[-2:], strict=True))
        x = F.pad(x, (begin, columns, begin, rows))
    elif padding_mode == 'circular':
        for dim, count in zip((-2, -1), cells, strict=True):
            x = x.index_select(dim, (torch.arange(count * stride, device=x.device) - begin) % x.shape[dim])
    else:
        raise ValueError(f"padding_mode: expected 'zeros' or 'circular', got {padding_mode!r}")
    return F.conv2d(split_phases(x, stride).flatten(1, 2), weight, bias, groups=groups)
