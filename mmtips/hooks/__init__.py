# Copyright (c) mmtips authors. All rights reserved.
"""Hooks of the runner that are about neither losses nor evaluation."""

from mmtips.hooks.equivariance import ExactEquivarianceHook
from mmtips.hooks.randomness import ResumeRandomnessHook
from mmtips.hooks.temperature import LPSTemperatureHook

__all__ = ['ExactEquivarianceHook', 'LPSTemperatureHook', 'ResumeRandomnessHook']
