# Copyright (c) mmtips authors. All rights reserved.
"""The Triton form of what the TIPS operator computes: four functions, for maps on a GPU.

How the tiles are laid out: every program takes a block of columns of a strip of rows, of a block of channels of one
sample, with the direction that is contiguous in memory as the last one of its tile (``tiles.py``): for
contiguous and for channels_last maps. Maps that are neither are copied. Few large planes give as many programs as
many small ones. A value is loaded in the dtype of the map and computed with in float32, or float64 for float64 maps.
Bytes that move: the means read x once; their gradient reads it once, writes and reads a map in float32, and writes
the result; the mix at its stride reads x once and writes 1/s^2 of it; its gradients read x once and the gradient
twice, and write the result.

Blocks are chosen by a formula (:func:`tiles.cut_map`), not tuned. The figures on a GPU are outstanding: these
kernels have been run by Triton's interpreter, and compiled for one, and nothing is claimed of their speed until a run
on a GPU writes it down.
"""

import torch
from torch import Tensor

from mmtips.downsampling import functional
from mmtips.downsampling.kernels.triton.gradients import feature_gradient, input_gradient
from mmtips.downsampling.kernels.triton.mix import mix, mix_gradient, window_gradient
from mmtips.downsampling.kernels.triton.plans import accumulators, even_rows, mix_blocks, plan_mix, plan_scores
from mmtips.downsampling.kernels.triton.scores import sum_features
from mmtips.downsampling.kernels.triton.tiles import as_format


def region_means(x: Tensor, weight: Tensor, stride: int, scores: str, padding_mode: str, shift: Tensor | None,
                 mode: str) -> tuple[Tensor, Tensor]:
    """Means of the features psi over regions, and how far psi is from a shifted copy of the map; neither is written.

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``, on a GPU.
        weight: ``(C, 1, 3, 3)``; psi is as :func:`functional.tips_features` has it.
        stride: The stride s, at most 4.
        scores: One of :data:`functional.SCORES`, as :func:`functional.tips_phase_weights` has it.
        padding_mode: Border of the convolution.
        shift: ``(2,)`` int64, rows and columns; None for no shifted copy.
        mode: One of ``losses.functional.SHIFT_MODES``.

    Returns:
        The means ``(N, C, s*s)``, or ``(N, C, 1)`` for ``'global'``, and the mean squared difference, a scalar, 0
        without a shift; float32, or float64 for float64 maps.

    Raises:
        ValueError: If the stride or the scores are others.
    """
    n, c, h, w = x.shape
    cut, options = plan_scores(x, stride, scores, padding_mode, shift, mode)
    x = as_format(x, options['LAST'])
    rows, cols, bands = options['ROW_CLASSES'], options['COL_CLASSES'], h // options['region']
    dtype = accumulators(x)[0]
    sums = x.new_empty((bands, cut.strips // bands * cut.column_blocks, rows * cols, n * c), dtype=dtype)
    misses = x.new_zeros(1 if shift is None else cut.programs, dtype=dtype)
    with torch.cuda.device_of(x):
        sum_features[(cut.programs,)](x, weight.contiguous(), x if shift is None else shift, sums, misses, c, h, w,
                                      n * c, **options)
    means = sums.sum(1).reshape(-1, n, c).permute(1, 2, 0) / (h * w // (bands * rows * cols))
    return means.contiguous(), misses.sum() / max(1, x.numel())


def region_means_backward(grad_means: Tensor, grad_undo: Tensor, x: Tensor, weight: Tensor, stride: int, scores: str,
                          padding_mode: str, shift: Tensor | None, mode: str) -> tuple[Tensor, Tensor]:
    """The gradient of :func:`region_means`, which computes psi anew; the shifted copy gets none.

    Args:
        grad_means: That of the means.
        grad_undo: That of the mean squared difference, a scalar; without a shift it does not count.
        x: As there, and so all others.
        weight: As there.
        stride: As there.
        scores: As there.
        padding_mode: As there.
        shift: As there.
        mode: As there.

    Returns:
        The gradients of ``x`` and of ``weight``, in their dtypes.
    """
    n, c, h, w = x.shape
    cut, options = plan_scores(x, stride, scores, padding_mode, shift, mode)
    x = as_format(x, options['LAST'])
    dtype, accumulator = accumulators(x)
    weight = weight.contiguous()
    classes = grad_means.shape[-1]
    means = grad_means.to(dtype).contiguous() / (h * w // classes)
    miss = grad_undo.to(dtype).reshape(1) * (2 / max(1, x.numel()))
    before = torch.empty_like(x, dtype=dtype)
    sums = x.new_empty((cut.strips * cut.column_blocks, 9, n, c), dtype=dtype)
    dx = torch.empty_like(x)
    with torch.cuda.device_of(x):
        feature_gradient[(cut.programs,)](x, weight, x if shift is None else shift, means, miss, before, sums, c, h, w,
                                          n * c, CLASSES=classes, **options)
        programs, blocks = mix_blocks(x, even_rows(h), options['LAST'])
        input_gradient[(programs,)](before, weight, dx, c, h, w, PADDING=padding_mode, LAST=options['LAST'],
                                    ACC=accumulator, **blocks)
    # In the layout of the filters, as tracing promises.
    return dx, sums.sum((0, 2)).t().contiguous().reshape(c, 1, 3, 3).to(weight.dtype)


def window_mix(x: Tensor, windows: Tensor, cell: int, stride: int, padding_mode: str) -> Tensor:
    """:func:`functional.window_mix`, accumulated in float32.

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of ``stride``, on a GPU.
        windows: ``(N, C, t, t)`` with t >= ``cell``.
        cell: Side of the cell that a window is centred on.
        stride: ``cell`` or 1.
        padding_mode: How the border is continued where a window reaches over it.

    Returns:
        ``(N, C, H/stride, W/stride)`` in the dtype and memory format of ``x``.

    Raises:
        ValueError: If the map has too few pixels to be reflected, or its sides are no multiples.
    """
    options = plan_mix(x, windows, cell, stride, padding_mode)
    last = options['LAST']
    x = as_format(x, last)
    c, h, w = x.shape[1:]
    out = functional.empty_reduced(x, stride)
    # Where windows overlap, a tile of several rows finds most of their pixels in the cache.
    programs, blocks = mix_blocks(out, 1 if windows.shape[-1] == stride else 4, last)
    with torch.cuda.device_of(x):
        mix[(programs,)](x, windows.contiguous(), out, c, h, w, **options, **blocks)
    return out


def window_mix_backward(grad: Tensor, x: Tensor, windows: Tensor, cell: int, stride: int,
                        padding_mode: str) -> tuple[Tensor, Tensor]:
    """The gradient of :func:`window_mix`.

    Args:
        grad: That of the result.
        x: As there, and so all others.
        windows: As there.
        cell: As there.
        stride: As there.
        padding_mode: As there.

    Returns:
        The gradients of ``x`` and of ``windows``, in their dtypes.
    """
    options = plan_mix(x, windows, cell, stride, padding_mode)
    last = options['LAST']
    x, grad, windows = as_format(x, last), as_format(grad, last), windows.contiguous()
    n, c, h, w = x.shape
    taps, before = options['TAPS'], options['BEFORE']
    after = taps - before - stride
    images = dict(reflect=3, replicate=1 + before + after).get(options['PADDING'], 1)
    dx = torch.empty_like(x)
    programs, blocks = mix_blocks(grad, 4, last)
    sums = x.new_empty((blocks['strips'] * blocks['column_blocks'], taps * taps, n * c), dtype=accumulators(x)[0])
    with torch.cuda.device_of(x):
        window_gradient[(programs,)](grad, x, sums, c, h, w, planes=n * c, **options, **blocks)
        programs, blocks = mix_blocks(x, 1 if taps == stride else 4, last)
        mix_gradient[(programs,)](grad, windows, dx, c, h, w, IMAGES=images, REACH=max(before, after) + 1,
                                  **options, **blocks)
    return dx, sums.sum(0).t().reshape(n, c, taps, taps).to(windows.dtype)
