# Copyright (c) mmtips authors. All rights reserved.
"""How maps lie in memory."""

import torch
from torch import Tensor


def is_channels_last(x: Tensor) -> bool:
    """Whether channels are neighbours in memory; a map that could be read either way counts as contiguous."""
    return not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)


def empty_reduced(x: Tensor, stride: int) -> Tensor:
    """Memory for what a map becomes at a stride, ``(N, C, H/stride, W/stride)``, laid out as the map is."""
    n, c, h, w = x.shape
    return torch.empty(n, c, h // stride, w // stride, dtype=x.dtype, device=x.device,
                       memory_format=torch.channels_last if is_channels_last(x) else torch.contiguous_format)
