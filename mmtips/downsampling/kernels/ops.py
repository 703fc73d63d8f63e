# Copyright (c) mmtips authors. All rights reserved.
"""The operation as PyTorch knows it: with a shape for tracing, a gradient, and a choice of how it is computed.

For the backward it keeps its inputs and the means of the regions, a few numbers for each channel; the features psi are
computed again. The gradient cannot be differentiated once more.
"""

import importlib.util
import warnings
from functools import cache
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from mmtips.downsampling import functional
from mmtips.downsampling.kernels import portable
from mmtips.downsampling.kernels.native import operation as native
from mmtips.downsampling.kernels.options import Options


def _kernels(x: Tensor, weight: Tensor, options: Options) -> Any:
    """The first of those that know maps like this: compiled ones for the CPU, Triton's for GPUs, PyTorch's own."""
    if weight.shape[-1] != 3:  # the others are written for the published scorer
        return portable
    if native.knows(x, options):
        return native
    fused = _triton() if x.is_cuda else None
    return fused if fused and fused.knows(x, options) else portable


@cache
def _triton() -> ModuleType | None:
    """Triton's kernels; None where Triton is not installed, or cannot be used, as without a C compiler."""
    if importlib.util.find_spec('triton') is None:
        return None
    try:
        from mmtips.downsampling.kernels.triton import operation
        operation.require_driver()
    except Exception as error:  # whatever it is, PyTorch's own operations compute the same
        warnings.warn(f'Triton cannot be used, and TIPS runs in the operations of PyTorch, which are slower: {error}',
                      stacklevel=2)
        return None
    return operation


def _check(x: Tensor, weight: Tensor, scale: Tensor, options: Options) -> None:
    """Refuse what compiled code would read and write beyond."""
    (_, c, h, w), stride = x.shape, options.stride
    if h % stride or w % stride:
        raise ValueError(f'x: expected sides that are multiples of the stride {stride}, got {h} x {w}')
    if weight.shape[:2] != (c, 1) or weight.shape[2:] != weight.shape[-1:] * 2:
        raise ValueError(f'score_weight: expected ({c}, 1, k, k) for {c} channels, got {tuple(weight.shape)}')
    if scale.numel() not in (c, c * stride**2):
        raise ValueError(f'score_scale: expected {c} or {c * stride**2} values for {c} channels and stride {stride}, '
                         f'got {scale.numel()}')
    if not x.device == weight.device == scale.device:
        raise ValueError(f'x, score_weight and score_scale: expected one device, got {x.device}, {weight.device} and '
                         f'{scale.device}')


def adaptive_mix(x: Tensor, score_weight: Tensor, score_scale: Tensor, options: Options,
                 shift: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Mix every cell of a map with weights from the map itself: TIPS, whole.

    The same as :func:`functional.window_mix` with :func:`functional.tips_windows`.

    Args:
        x: ``(N, C, H, W)`` with H and W multiples of the stride.
        score_weight: ``(C, 1, k, k)``, see :func:`functional.tips_features`.
        score_scale: ``(C,)`` or ``(C, s*s)``, see :func:`functional.weights_from_means`.
        options: What is chosen for the operator.
        shift: ``(2,)`` int64, rows and columns by which the target of L_undo is shifted; None to do without.

    Returns:
        The mixed map, ``(N, C, H/step, W/step)`` in the dtype of ``x`` (in autocast: of the convolution), laid out as
        ``x``; the means of psi over the regions, ``(N, C, s*s)`` or ``(N, C, 1)``, which
        :func:`functional.weights_from_means` turns into tau; and the mean squared error between psi and the shifted
        ``x``, a scalar, 0 without a shift. The last two are float32, or float64 for float64 maps.

    Raises:
        ValueError: If the shapes do not fit, or the tensors lie on several devices.
    """
    x = functional.as_autocast(x)
    if shift is None and functional.is_recorded():
        features = functional.tips_features(x, score_weight.to(x.dtype), options.padding_mode)
        means = functional.average_regions(features, options.stride, options.scores)
        windows = functional.spread_over_taps(functional.weights_from_means(means, score_scale), options.taps,
                                              options.stride)
        mixed = functional.window_mix(x, windows, options.stride, options.step, options.padding_mode)
        return mixed, means, x.new_zeros(())
    return _adaptive_mix(x, score_weight, score_scale, shift, *options)


@torch.library.custom_op('mmtips::adaptive_mix', mutates_args=())
def _adaptive_mix(x: Tensor, weight: Tensor, scale: Tensor, shift: Tensor | None, stride: int, taps: int, step: int,
                  scores: str, padding_mode: str, mode: str) -> tuple[Tensor, Tensor, Tensor]:
    options = Options(stride, taps, step, scores, padding_mode, mode)
    _check(x, weight, scale, options)
    return _kernels(x, weight, options).adaptive_mix(x, weight, scale, options, shift)


@torch.library.custom_op('mmtips::adaptive_mix_backward', mutates_args=())
def _adaptive_mix_backward(grad_mixed: Tensor, grad_means: Tensor, grad_undo: Tensor, x: Tensor, weight: Tensor,
                           scale: Tensor, means: Tensor, shift: Tensor | None, stride: int, taps: int, step: int,
                           scores: str, padding_mode: str, mode: str) -> tuple[Tensor, Tensor, Tensor]:
    options = Options(stride, taps, step, scores, padding_mode, mode)
    return _kernels(x, weight, options).adaptive_mix_backward(grad_mixed, grad_means, grad_undo, x, weight, scale,
                                                              means, options, shift)


@_adaptive_mix.register_fake
def _(x: Tensor, weight: Tensor, scale: Tensor, shift: Tensor | None, stride: int, taps: int, step: int,  # noqa: ARG001
      scores: str, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    full = torch.promote_types(x.dtype, torch.float32)
    return functional.empty_reduced(x, step), x.new_empty(
        *x.shape[:2], functional.count_regions(stride, scores), dtype=full), x.new_empty((), dtype=full)


@_adaptive_mix_backward.register_fake
def _(grad_mixed: Tensor, grad_means: Tensor, grad_undo: Tensor, x: Tensor, weight: Tensor, scale: Tensor,  # noqa: ARG001
      *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(x), torch.empty_like(weight), torch.empty_like(scale)


def _keep(ctx: Any, inputs: tuple, output: tuple) -> None:
    x, weight, scale, shift, *ctx.options = inputs
    ctx.save_for_backward(x, weight, scale, output[1], shift)


def _backward(ctx: Any, grad_mixed: Tensor, grad_means: Tensor, grad_undo: Tensor) -> tuple:
    *kept, shift = ctx.saved_tensors
    return *_adaptive_mix_backward(grad_mixed, grad_means, grad_undo, *kept, shift, *ctx.options), *[None] * 7


_adaptive_mix.register_autograd(_backward, setup_context=_keep)


@register_flop_formula(torch.ops.mmtips.adaptive_mix)
def _count(x: torch.Size, weight: torch.Size, scale: torch.Size, shift: torch.Size | None, stride: int,  # noqa: ARG001
           taps: int, step: int, *_: Any, **__: Any) -> int:
    """Operations of the convolution and of the mix: each multiply-add counts as two."""
    return 2 * x.numel() * weight[-1]**2 + 2 * x.numel() // step**2 * taps**2
