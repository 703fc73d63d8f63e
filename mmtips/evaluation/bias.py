# Copyright (c) mmtips authors. All rights reserved.
"""Maximum-sampling bias (MSB): how strongly a downsampling step prefers the largest value of its window.

The measure comes from the TIPS paper (Saha & Gokhale, WACV 2025), whose exact formula is not public in what we could
read. Both forms here are our working definitions, over the windows of all channels of a map, where the window of an
output is its s x s stride cell, or that of the pool where a pool has a larger one:

* selection: the share of windows whose output equals the maximum of the window;
* weight: the mean weight that is put on the maximum of the window. Where several pixels have the maximal value, their
  weights add up.

The maximum has 1 in both; the average 0 and 1/s^2; plain subsampling of independent values 1/s^2 in both; TIPS 0,
unless a weight is 1, and the mean tau at the maximum. Windows of constant value say nothing and are left out, as are
cells that reach beyond the end of the map.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtips.arguments import check_integer
from mmtips.downsampling.functional import split_phases

#: Relative to the largest absolute value of the window: what convolutions in float32 lose, and no more.
TOLERANCE = 1e-5
#: The rows of a table of counts of one site.
FIGURES = ('selection', 'weight', 'aliasing')


def selection_counts(x: Tensor, y: Tensor, stride: int, tolerance: float = TOLERANCE,
                     window_max: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """Count the windows whose output equals their maximum (our working definition of MSB, selection form).

    Args:
        x: ``(N, C, H, W)``, the map before the step.
        y: ``(N, C, h, w)``, the map after it: h is ceil(H/s) or floor(H/s), of which the incomplete cells are left out.
        stride: The stride s >= 2.
        tolerance: How far an output may be from the maximum, and a maximum from the minimum of a window that counts as
            constant, relative to the largest absolute value of the window; 4 roundings of the dtype at least.
        window_max: Gives the maximum of each window, in the size of ``y``, for windows that are no s x s cells:
            ``x -> (N, C, h, w)``.

    Returns:
        ``(N, 2)`` float64: hits and windows.

    Raises:
        ValueError: If the shapes do not belong together.
    """
    _check(x, stride)
    tolerance = max(tolerance, 4 * torch.finfo(y.dtype).eps)
    if window_max is None:
        rows, columns = x.shape[-2] // stride, x.shape[-1] // stride
        if min(rows, columns) == 0:
            return torch.zeros(len(x), 2, dtype=torch.float64)
        y, window_max = y[..., :rows, :columns], lambda map_: F.max_pool2d(map_, stride)
    wide = torch.promote_types(x.dtype, torch.float32)
    highest, lowest = window_max(x.to(wide)), -window_max(-x.to(wide))
    if highest.shape != y.shape:
        raise ValueError(f'y: expected one output for each of the {tuple(highest.shape)} windows of x, '
                         f'{tuple(x.shape)} at stride {stride}, got {tuple(y.shape)}')
    slack = _slack(highest, lowest, tolerance)
    varied = highest - lowest > slack
    return _pairs(varied & ((y.to(wide) - highest).abs() <= slack), varied)


def weight_counts(x: Tensor, weights: Tensor, stride: int, tolerance: float = TOLERANCE) -> Tensor:
    """Add up the weights on the maxima of the s x s cells (our working definition of MSB, weight form).

    Args:
        x: ``(N, C, H, W)``, the map before the step.
        weights: Of the pixels of each cell, ``(N or 1, C or 1, s*s, 1 or h, 1 or w)``, row-major, in [0, 1].
        stride: The stride s >= 2.
        tolerance: As in :func:`selection_counts`, for constant windows.

    Returns:
        ``(N, 2)`` float64: the weight on the maxima, and windows.

    Raises:
        ValueError: If the shapes do not belong together.
    """
    _check(x, stride)
    if weights.dim() != 5 or weights.shape[2] != stride**2:
        raise ValueError(f'weights: expected the shape (N, C, {stride**2}, h, w), got {tuple(weights.shape)}')
    rows, columns = x.shape[-2] // stride, x.shape[-1] // stride
    if min(rows, columns) == 0:
        return torch.zeros(len(x), 2, dtype=torch.float64)
    windows = split_phases(x[..., :rows * stride, :columns * stride], stride)
    return window_weight_counts(windows, weights[..., :rows, :columns], tolerance)


def window_weight_counts(windows: Tensor, weights: Tensor, tolerance: float = TOLERANCE) -> Tensor:
    """:func:`weight_counts` for windows of any kind.

    Args:
        windows: Their pixels, ``(N, C, P, h, w)``.
        weights: Of these, broadcastable to the same shape.
        tolerance: As in :func:`selection_counts`, for constant windows.

    Returns:
        ``(N, 2)`` float64.
    """
    highest, lowest = windows.amax(2), windows.amin(2)
    varied = highest - lowest > _slack(highest, lowest, max(tolerance, 4 * torch.finfo(windows.dtype).eps))
    mass = ((windows == highest.unsqueeze(2)) * weights).sum(2)
    return _pairs(mass * varied, varied)


def bias_table(sites: Sequence[Mapping[str, Any]], counts: Tensor) -> list[dict[str, Any]]:
    """Shares from the counts of sites, summed over images.

    Args:
        sites: ``path``, ``operator`` and ``stride`` of each site, in the order in which they run.
        counts: ``(sites, 3, 2)``, the rows being :data:`FIGURES`.

    Returns:
        For each site these and ``selection``, ``weight`` and ``aliasing``, in [0, 1]; None where nothing was counted.

    Raises:
        ValueError: If the counts are not those of these sites.
    """
    if tuple(counts.shape) != (len(sites), len(FIGURES), 2):
        raise ValueError(f'counts: expected the shape ({len(sites)}, {len(FIGURES)}, 2) for {len(sites)} sites, got '
                         f'{tuple(counts.shape)}')
    # Shares of sums of rounded weights: 1 + 1e-16 is 1.
    return [dict(site) | {name: min(hits / total, 1.0) if total else None
                          for name, (hits, total) in zip(FIGURES, table, strict=True)}
            for site, table in zip(sites, counts.tolist(), strict=True)]


def mean_bias(sites: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """The maximum-sampling bias of a network: the mean over its sites, each counting once (ours, as the forms are).

    Sites without any of the two figures do not count: they select nothing (SPDConv), or were not measured. A form that
    another site lacks has no mean: that of the remaining sites would be another network's.

    Args:
        sites: What :func:`bias_table` returned.

    Returns:
        ``selection`` and ``weight``, in [0, 1] or None.
    """
    measured = [site for site in sites if site['selection'] is not None or site['weight'] is not None]
    values = {form: [site[form] for site in measured] for form in ('selection', 'weight')}
    return {form: None if not of or None in of else sum(of) / len(of) for form, of in values.items()}


def _check(x: Tensor, stride: int) -> None:
    if x.dim() != 4 or not x.is_floating_point():
        raise ValueError(f'x: expected a floating map of shape (N, C, H, W), got {tuple(x.shape)} of {x.dtype}')
    check_integer('stride', stride, 2)


def _slack(highest: Tensor, lowest: Tensor, tolerance: float) -> Tensor:
    return tolerance * torch.maximum(highest.abs(), lowest.abs())


def _pairs(hits: Tensor, total: Tensor) -> Tensor:
    sums = [part.flatten(1).sum(1, dtype=torch.float64) for part in (hits, total)]
    return torch.stack(sums, dim=1).cpu()
