# Copyright (c) mmtips authors. All rights reserved.
"""The operation and its gradient in plain PyTorch, for every device and type that no other kernels are made for.

On a CPU what limits it is memory: it runs tile by tile (some channels of some samples), so that the features of a tile,
its gradient and what the convolutions make of both stay in the cache, and nothing of the map's size is allocated but
results. A tile is laid out with its channels last, once for all convolutions: each of them would do it for itself.
"""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from mmtips.downsampling import functional
from mmtips.downsampling.kernels.options import Options

#: Values of a tile for each thread, about 1 MB in float32.
TILE = 2**18
#: Part of a map: its samples and its channels.
Tile = tuple[slice, slice]


def tiles(x: Tensor) -> Iterator[Tile]:
    """Cut a map ``(N, C, H, W)`` into tiles; on a GPU, which wants few large kernels, into one."""
    n, c, h, w = x.shape
    size = TILE * torch.get_num_threads() if x.device.type == 'cpu' else x.numel()
    channels = min(c, max(1, size // (h * w)))
    samples = max(1, size // (c * h * w))
    for first, start in itertools.product(range(0, n, samples), range(0, c, channels)):
        yield slice(first, first + samples), slice(start, start + channels)


def _planes(x: Tensor) -> Tensor:
    """Samples and channels as the channels of one sample: every one of them has filters of its own."""
    planes = x if len(x) == 1 else x.reshape(1, -1, *x.shape[-2:])
    if x.device.type != 'cpu' or planes.is_contiguous(memory_format=torch.channels_last):
        return planes
    return _transpose(torch.empty_like(planes, memory_format=torch.channels_last), planes)


def _transpose(target: Tensor, source: Tensor) -> Tensor:
    """Copy planes into another layout, so few at a time that a processor can look up all their addresses at once."""
    few = max(32, 2**15 // (source.shape[-2] * source.shape[-1]))
    for start in range(0, source.shape[1], few):
        target[:, start:start + few] = source[:, start:start + few]
    return target


def _tap_planes(taps: Tensor, x: Tensor) -> Tensor:
    """Filters of channels, ``(C, 1, k, k)``, for the planes of a tile ``x``."""
    return taps.to(x.dtype).expand(len(x), *taps.shape).flatten(0, 1)


def adaptive_mix(x: Tensor, weight: Tensor, scale: Tensor, options: Options,
                 shift: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """See :func:`mmtips.downsampling.kernels.adaptive_mix`; means in place of weights."""
    full = torch.promote_types(x.dtype, torch.float32)
    mixed = functional.empty_reduced(x, options.step)
    means = x.new_empty(*x.shape[:2], functional.count_regions(options.stride, options.scores), dtype=full)
    error = x.new_zeros((), dtype=full)
    parts = _shifted_parts(x, options, shift)
    for tile in tiles(x):
        planes = _planes(x[tile])
        features = functional.tips_features(planes, _tap_planes(weight[tile[1]], x[tile]), options.padding_mode)
        averages = functional.average_regions(features, options.stride, options.scores).reshape(means[tile].shape)
        means[tile] = averages
        windows = options.windows(averages, scale[tile[1]])
        mixed[tile] = functional.mix_planes(planes, windows.flatten(0, 1), options.stride, options.step,
                                            options.padding_mode).reshape(mixed[tile].shape)
        for there, here in parts:
            missed = features[there] - planes[here] if here else features[there]
            error += torch.linalg.vector_norm(missed, dtype=full)**2
    return mixed, means, error / max(1, x.numel())


def adaptive_mix_backward(grad_mixed: Tensor, grad_means: Tensor, grad_undo: Tensor, x: Tensor, weight: Tensor,
                          scale: Tensor, means: Tensor, options: Options,
                          shift: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of :func:`adaptive_mix` for ``x``, ``weight`` and ``scale``; psi is computed again."""
    dx, dweight, dscale = torch.empty_like(x), torch.zeros_like(weight), torch.zeros_like(scale)
    parts = _shifted_parts(x, options, shift)
    share = float(grad_undo) * 2 / max(1, x.numel()) if parts else 0.
    windows = options.windows(means, scale)
    for tile in tiles(x):
        channels = tile[1]
        planes, taps = _planes(x[tile]), _tap_planes(weight[channels], x[tile])
        through_mix, dwindows = _window_mix_backward(_planes(grad_mixed[tile]), planes, windows[tile], options)
        dmeans, part = options.windows_backward(dwindows, means[tile], scale[channels])
        dscale[channels] += part.to(scale.dtype)
        features = functional.tips_features(planes, taps, options.padding_mode)
        grad = functional.spread_over_regions((dmeans + grad_means[tile]).reshape(1, -1, dmeans.shape[-1]), features,
                                              options.stride, options.scores)
        for there, here in parts:
            grad[there].add_(features[there] - planes[here] if here else features[there], alpha=share)
        # The gradient of a ReLU from its output.
        grad = torch.ops.aten.threshold_backward(grad, features, 0)
        before = functional.window_start(weight.shape[-1], 1)
        through_features, part = _convolution_backward(grad, planes, taps, (before, weight.shape[-1] - 1 - before), 1,
                                                       options.padding_mode)
        dweight[channels] += part.reshape(len(x[tile]), -1, *weight.shape[1:]).sum(0).to(weight.dtype)
        through_features += through_mix
        _transpose(dx[tile], through_features.reshape(dx[tile].shape))
    return dx, dweight, dscale


def _shifted_parts(x: Tensor, options: Options, shift: Tensor | None) -> list:
    return [] if shift is None else functional.shifted_parts(shift.tolist(), x.shape[-2:], options.mode)


def _window_mix_backward(grad: Tensor, planes: Tensor, windows: Tensor, options: Options) -> tuple[Tensor, Tensor]:
    """Gradients of the mix, for the planes and for the windows."""
    taps = windows.shape[-1]
    before = functional.window_start(taps, options.stride)
    kernels = windows.to(planes.dtype).reshape(-1, 1, taps, taps)
    dplanes, dkernels = _convolution_backward(grad, planes, kernels, (before, taps - before - options.step),
                                              options.step, options.padding_mode)
    return dplanes, dkernels.reshape(windows.shape).to(windows.dtype)


def _convolution_backward(grad: Tensor, planes: Tensor, taps: Tensor, border: tuple[int, int], stride: int,
                          padding_mode: str) -> tuple[Tensor, Tensor]:
    """Gradients of a depthwise convolution with a border of some pixels before and behind."""
    before, after = border
    inside = before if padding_mode == 'zeros' and before == after else 0
    outside = before + after > 2 * inside
    padded = functional.pad_border(planes, before, after, padding_mode) if outside else planes
    dpadded, dtaps, _ = torch.ops.aten.convolution_backward(
        grad, padded, taps, None, [stride] * 2, [inside] * 2, [1, 1], False, [0, 0], padded.shape[1],
        [True, True, False])
    return functional.fold_border(dpadded, before, after, padding_mode) if outside else dpadded, dtaps
