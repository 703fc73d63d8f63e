# Copyright (c) mmtips authors. All rights reserved.
"""How far an operator is from keeping its promise under circular shifts."""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mmtips.downsampling import Downsampler


class ShiftError(NamedTuple):
    """Largest relative errors over the tested shifts; 0 means exact.

    Attributes:
        pooled: Of the spatial mean of the output.
        equivariant: Of the output itself, after the best circular alignment by whole output pixels.
    """

    pooled: float
    equivariant: float

    def kept(self, tolerance: float = 1e-9) -> str:
        """The strongest guarantee that these errors allow: ``'none'``, ``'pooled'`` or ``'equivariant'``."""
        if not self.pooled <= tolerance:  # NaN is no small error
            return 'none'
        return 'equivariant' if self.equivariant <= tolerance else 'pooled'


@torch.no_grad()
def shift_error(operator: Downsampler, x: Tensor, shifts: Sequence[tuple[int, int]] | None = None) -> ShiftError:
    """Measure an operator's shift error in eval, in float64.

    Every sample is aligned by itself, because an operator may choose a phase for each.

    Args:
        operator: The operator; it is left as it was.
        x: ``(N, C, H, W)`` with H and W multiples of the stride: elsewhere a circular shift promises nothing.
        shifts: Rows and columns of each tested shift; all of ``[0, 2s)^2`` but (0, 0) if not given.

    Returns:
        The errors, relative to the norm of the output.

    Raises:
        ValueError: If H or W is no multiple of the stride.
    """
    stride = operator.stride
    if x.shape[-2] % stride or x.shape[-1] % stride:
        raise ValueError(f'x: expected height and width to be multiples of the stride {stride}, got {tuple(x.shape)}')
    if shifts is None:
        shifts = [(i, j) for i in range(2 * stride) for j in range(2 * stride) if i or j]
    operator, x = copy.deepcopy(operator).eval().double(), x.double()
    still = operator(x)
    scale = still.flatten(1).norm(dim=1).clamp_min(1e-12)
    pooled, equivariant = [], []
    for shift in shifts:
        moved = operator(x.roll(shift, dims=(-2, -1)))
        drift = (moved.mean((-2, -1)) - still.mean((-2, -1))).norm(dim=1) * still[0, 0].numel()**0.5 / scale
        # The output moves by the whole strides in the shift, and by one pixel more or less where phases change places.
        rows, columns = ([side // stride + step for step in (-1, 0, 1, 2)] for side in shift)
        aligned = torch.stack([(moved - still.roll((i, j), dims=(-2, -1))).flatten(1).norm(dim=1) / scale
                               for i in rows for j in columns])
        pooled.append(drift.amax())
        equivariant.append(aligned.amin(0).amax())
    # Not the built-in function, which drops NaN.
    return ShiftError(*(torch.stack(errors).amax().item() for errors in (pooled, equivariant)))
