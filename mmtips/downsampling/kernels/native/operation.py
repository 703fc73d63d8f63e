# Copyright (c) mmtips authors. All rights reserved.
"""The operation and its gradient from the compiled library, for maps in a CPU's memory."""

from functools import lru_cache

import torch
from torch import Tensor

from mmtips.downsampling import functional
from mmtips.downsampling.kernels.native.library import COMPUTED_IN, Map, Plan, call, library
from mmtips.downsampling.kernels.options import Options, kept_shares

#: Taps per side that the library has room for: ``plan.h``.
MOST_TAPS = 7


def knows(x: Tensor, options: Options) -> bool:
    """Whether the library is there, and made for maps and windows like these."""
    return x.device.type == 'cpu' and x.dtype in COMPUTED_IN and options.taps <= MOST_TAPS and library() is not None


def adaptive_mix(x: Tensor, weight: Tensor, scale: Tensor, options: Options,
                 shift: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """See :func:`mmtips.downsampling.kernels.adaptive_mix`; means in place of weights."""
    plan = _plan(x, scale, options, shift)
    full = COMPUTED_IN[x.dtype]
    weight, scale = _values(weight, full), _values(scale, full)
    mixed = functional.empty_reduced(x, options.step)
    means = x.new_empty(*x.shape[:2], plan.regions, dtype=full)
    missed = x.new_empty(x.shape[:2], dtype=torch.float64)
    call('adaptive_mix', x, plan, Map.of(x), weight.data_ptr(), scale.data_ptr(), means.data_ptr(), missed.data_ptr(),
         Map.of(mixed))
    return mixed, means, (missed.sum() / max(1, x.numel())).to(full)


def adaptive_mix_backward(grad_mixed: Tensor, grad_means: Tensor, grad_undo: Tensor, x: Tensor, weight: Tensor,
                          scale: Tensor, means: Tensor, options: Options,
                          shift: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of :func:`adaptive_mix` for ``x``, ``weight`` and ``scale``; psi is computed again."""
    plan = _plan(x, scale, options, shift)
    full = COMPUTED_IN[x.dtype]
    taps, factors, grad_means = _values(weight, full), _values(scale, full), grad_means.contiguous()
    dx = torch.empty_like(x)
    dweight = x.new_empty(*x.shape[:2], 9, dtype=torch.float64)
    dscale = x.new_empty(*x.shape[:2], plan.scale_columns, dtype=full)
    share = 0. if shift is None else float(grad_undo) * 2 / max(1, x.numel())
    call('adaptive_mix_backward', x, plan, Map.of(x), Map.of(grad_mixed), taps.data_ptr(), factors.data_ptr(),
         means.data_ptr(), grad_means.data_ptr(), share, Map.of(dx), dweight.data_ptr(), dscale.data_ptr())
    return dx, dweight.sum(0).reshape(weight.shape).to(weight.dtype), dscale.sum(0).reshape(scale.shape).to(scale.dtype)


def _values(parameter: Tensor, dtype: torch.dtype) -> Tensor:
    return parameter.detach().to(dtype).contiguous()


def _plan(x: Tensor, scale: Tensor, options: Options, shift: Tensor | None) -> Plan:
    n, c, h, w = x.shape
    stride, taps, step = options.stride, options.taps, options.step
    start = functional.window_start(taps, stride)
    # Both the 3 x 3 convolution and the window look beyond the map.
    before, after = max(1, start), max(1, taps - start - step)
    functional.check_border((h, w), max(start, taps - start - step), options.padding_mode)
    functional.check_border((h, w), 1, options.padding_mode)
    rows, columns = (_sources(size, before, after, options.padding_mode) for size in (h, w))
    return Plan(n, c, h, w, stride, taps, step, start, functional.SCORES.index(options.scores),
                functional.count_regions(stride, options.scores), scale.numel() // c, before, after, rows.data_ptr(),
                columns.data_ptr(), kept_shares(taps, stride, x.device, torch.float64).data_ptr(),
                0 if shift is None else 1 + functional.SHIFT_MODES.index(options.mode),
                *((0, 0) if shift is None else shift.tolist()), torch.get_num_threads())


@lru_cache(maxsize=256)
def _sources(size: int, before: int, after: int, padding_mode: str) -> Tensor:
    """What each row of a padded map shows: a row of the map, or -1 for zeros."""
    inside = torch.arange(size)
    return torch.cat([functional.border_sources(size, before, 0, padding_mode), inside,
                      functional.border_sources(size, 0, after, padding_mode)])
