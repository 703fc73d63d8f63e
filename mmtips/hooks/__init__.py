# Copyright (c) mmtips authors. All rights reserved.
"""Hooks of the runner that are not about losses."""

from mmtips.hooks.equivariance import AlignedDecodeHook, ExactEquivarianceHook
from mmtips.hooks.figures import ShiftFiguresHook
from mmtips.hooks.padding import CircularPaddingHook
from mmtips.hooks.randomness import ResumeRandomnessHook
from mmtips.hooks.temperature import LPSTemperatureHook

__all__ = [
    'AlignedDecodeHook', 'CircularPaddingHook', 'ExactEquivarianceHook', 'LPSTemperatureHook', 'ResumeRandomnessHook',
    'ShiftFiguresHook'
]
