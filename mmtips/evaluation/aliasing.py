# Copyright (c) mmtips authors. All rights reserved.
"""Aliasing: how much of a map lies above the frequencies that it can keep once it is downsampled."""

import torch
from torch import Tensor


def power_counts(x: Tensor, stride: int) -> Tensor:
    """Spectral power above the new Nyquist limit, and in total.

    At stride s a map keeps frequencies up to 1/(2s) cycles per pixel; a component whose frequency is higher along
    either axis takes another one's place, unless the step filters it. A component right at the limit counts as kept.
    Means are removed, channel by channel. The spectrum is that of the map continued periodically: unequal borders add
    power along the axes.

    Args:
        x: ``(N, C, H, W)``, the map before the step.
        stride: The stride s >= 2.

    Returns:
        ``(N, 2)`` float64: power above the limit and total power, summed over channels; the total is the sum of the
        channels' pixel variances. White noise has a share of 1 - 1/s^2 above, but for the bins at the limit.

    Raises:
        ValueError: If ``x`` is no map, or ``stride`` is below 2.
    """
    if x.dim() != 4 or not x.is_floating_point() or stride < 2:
        raise ValueError('expected a floating map of shape (N, C, H, W) and a stride >= 2, got '
                         f'{tuple(x.shape)} of {x.dtype} and {stride!r}')
    height, width = x.shape[-2:]
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    # Constant channels have no power, and no rounding of their mean either.
    varied = x.amax((-2, -1), keepdim=True) > x.amin((-2, -1), keepdim=True)
    x = (x - x.mean((-2, -1), keepdim=True)) * varied
    power = torch.fft.rfft2(x, norm='forward').abs().square().sum(1, dtype=torch.float64)
    rows = torch.arange(height, device=x.device)
    columns = torch.arange(width // 2 + 1, device=x.device)
    # Columns beyond the half are conjugates of those before, which count for them.
    power = power * torch.where((columns == 0) | (2 * columns == width), 1, 2)
    power[:, 0, 0] = 0
    # Frequency k / H against 1 / (2s), in whole numbers.
    high_rows = 2 * stride * torch.minimum(rows, height - rows) > height
    high = high_rows[:, None] | (2 * stride * columns > width)
    return torch.stack([(power * high).sum((1, 2)), power.sum((1, 2))], dim=1).cpu()
