# Copyright (c) mmtips authors. All rights reserved.
"""The operation and its gradient from the Triton kernels, for maps on a GPU."""

import torch
import triton
from torch import Tensor

from mmtips.downsampling.kernels.options import TRITON_STRIDES, Options
from mmtips.downsampling.kernels.triton import launches


def require_driver() -> None:
    """Let Triton compile what it talks to the driver of the GPU with; it raises whatever it does where it cannot."""
    triton.runtime.driver.active.get_current_target()


def knows(x: Tensor, options: Options) -> bool:
    """Whether the kernels are made for maps like this."""
    return x.is_cuda and options.stride in TRITON_STRIDES


def adaptive_mix(x: Tensor, weight: Tensor, scale: Tensor, options: Options,
                 shift: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """See :func:`mmtips.downsampling.kernels.adaptive_mix`; means in place of weights."""
    means, undo = launches.region_means(x, weight, options.stride, options.scores, options.padding_mode, shift,
                                       options.mode)
    mixed = launches.window_mix(x, options.windows(means, scale), options.stride, options.step, options.padding_mode)
    return mixed, means, undo


def adaptive_mix_backward(grad_mixed: Tensor, grad_means: Tensor, grad_undo: Tensor, x: Tensor, weight: Tensor,
                          scale: Tensor, means: Tensor, options: Options,
                          shift: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of :func:`adaptive_mix` for ``x``, ``weight`` and ``scale``; psi is computed again."""
    dx, dwindows = launches.window_mix_backward(grad_mixed, x, options.windows(means, scale), options.stride,
                                               options.step, options.padding_mode)
    dmeans, dscale = options.windows_backward(dwindows, means, scale)
    through_features, dweight = launches.region_means_backward(
        grad_means + dmeans, grad_undo, x, weight, options.stride, options.scores, options.padding_mode, shift,
        options.mode)
    # In the layout of the map, as tracing promises: those before are in one of the two that the kernels know.
    return torch.add(dx, through_features, out=torch.empty_like(x)), dweight, dscale.to(scale.dtype)
