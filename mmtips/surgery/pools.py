# Copyright (c) mmtips authors. All rights reserved.
"""Put an operator in the place of a pool, with the maximum and the size that the pool had."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from mmtips.downsampling import Downsampler
from mmtips.inspection.grid import Rounding, Window
from mmtips.inspection.strided import pair


def in_place_of(pool: Any, operator: Downsampler) -> nn.Module:
    """What takes the place of a pool, ``nn.MaxPool2d`` or ``nn.AvgPool2d`` with a square window.

    Args:
        pool: The pool.
        operator: The operator.

    Returns:
        The operator, or what runs it after the dense maximum (for operators that keep it) on a map that gives the size
        of the pool's output.
    """
    dense = _dense_max(pool, operator.max_kernel) if operator.keeps_max and isinstance(pool, nn.MaxPool2d) else None
    fit = FitToPool(pool)
    replaced = operator if dense is None and fit.changes_nothing else PreparedPool(operator, dense, fit)
    return replaced.train(pool.training)


class FitToPool(nn.Module):
    """Crops a map at the bottom and on the right, so that an operator makes as many rows of it as a pool.

    A pool has ``n = floor((H + 2p - k) / s) + 1`` rows (in ``ceil_mode`` the ceiling, but for a last window that would
    begin beyond the map and its padding), an operator one for each begun cell of s rows: ``n s`` rows are kept, or all
    if there are fewer. The last window of a pool with a wide padding can begin beyond the map: such a map is continued
    with its border.

    Args:
        pool: The pool, with a square window.
    """

    def __init__(self, pool: Any) -> None:
        super().__init__()
        kernel, padding, self.stride = pair(pool.kernel_size)[0], pair(pool.padding)[0], pair(pool.stride)[0]
        window = Window(kernel, self.stride, -padding, kernel - 1 - padding)
        self.rounding = Rounding(window, 2 * padding, 'ceil' if pool.ceil_mode else 'floor')
        least = 2 * padding + (self.stride if pool.ceil_mode else 1)
        self.border = padding if kernel < least else 0
        self.changes_nothing = kernel == least

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` to a map of which an operator makes the size of the pool's output."""
        if self.changes_nothing:
            return x
        rows, columns = (self.rounding.outputs(side) * self.stride for side in x.shape[-2:])
        if self.border:
            x = F.pad(x, (0, self.border, 0, self.border), mode='replicate')
        return x[..., :rows, :columns]


class PreparedPool(nn.Module):
    """An operator in place of a pool that did more than reduce.

    It is no ``nn.Sequential``, whose children can carry operators of their own.

    Args:
        operator: The operator.
        dense: The pool's maximum at stride 1, which comes first; None if nothing does.
        fit: What drops the rows and columns that the pool dropped.
    """

    def __init__(self, operator: nn.Module, dense: nn.Module | None, fit: nn.Module) -> None:
        super().__init__()
        self.pool = operator
        self.max = dense
        self.fit = fit

    def forward(self, x: Tensor) -> Tensor:
        """Reduce ``x``, ``(N, C, H, W)``, to the size that the pool gave."""
        x = x if self.max is None else self.max(x)
        return self.pool(self.fit(x))


def _dense_max(pool: nn.MaxPool2d, kernel: int | None) -> nn.Module:
    """The host's max pool at stride 1, with as many outputs as inputs for any kernel."""
    if kernel is None:
        kernel = pool.kernel_size if isinstance(pool.kernel_size, int) else pool.kernel_size[0]
    if kernel % 2:
        return nn.MaxPool2d(kernel, stride=1, padding=kernel // 2)
    before, after = (kernel - 1) // 2, kernel // 2
    border = nn.ConstantPad2d((before, after, before, after), float('-inf'))
    return nn.Sequential(border, nn.MaxPool2d(kernel, stride=1))


