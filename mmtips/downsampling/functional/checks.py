# Copyright (c) mmtips authors. All rights reserved.
"""Checks of what operators are given, and of how they are run."""

from collections.abc import Sequence

import torch
from torch import Tensor

PADDING_MODES = ('zeros', 'reflect', 'replicate', 'circular')


def check_padding_mode(padding_mode: str) -> str:
    """Return ``padding_mode``, or raise a ValueError that lists the known ones."""
    if padding_mode not in PADDING_MODES:
        raise ValueError(f'padding_mode: expected one of {PADDING_MODES}, got {padding_mode!r}')
    return padding_mode


def check_border(size: Sequence[int], reach: int, padding_mode: str) -> None:
    """Raise a ValueError unless a map of this height and width can be continued by ``reach`` pixels."""
    # Reflection does not repeat the border pixel, so that it needs one pixel more than it adds.
    if check_padding_mode(padding_mode) == 'reflect' and min(size) <= reach:
        raise ValueError(f"padding_mode='reflect' needs maps of at least {reach + 1} x {reach + 1} pixels here, got "
                         f"{tuple(size)}: use a larger input, a smaller filter or padding_mode='replicate'")


def is_recorded() -> bool:
    """Whether this run is recorded for others: the program serves all sizes, and knows PyTorch's operations alone."""
    return torch.compiler.is_exporting() or torch.jit.is_tracing()


def as_autocast(x: Tensor) -> Tensor:
    """What autocast would do to ``x`` before a convolution."""
    kind = x.device.type
    wanted = torch.is_autocast_enabled(kind) and x.dtype == torch.float32
    return x.to(torch.get_autocast_dtype(kind)) if wanted else x
