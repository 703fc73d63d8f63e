# Copyright (c) mmtips authors. All rights reserved.
"""Shift consistency: pure measures, and the loops that run them in either host."""

from mmtips.evaluation.consistency import (
                                           Classes,
                                           bootstrap_interval,
                                           count_agreement,
                                           count_names,
                                           fidelity,
                                           find_regions,
                                           ratios,
)
from mmtips.evaluation.loops import ShiftTestLoop, ShiftValLoop
from mmtips.evaluation.metric import ShiftConsistency
from mmtips.evaluation.progress import TestProgressHook
from mmtips.evaluation.protocols import PROTOCOLS, ShiftProtocol, draw_shifts, shift_grid
from mmtips.evaluation.views import fourier_shift, place_on_canvas, render_view

__all__ = [
    'PROTOCOLS', 'Classes', 'ShiftConsistency', 'ShiftProtocol', 'ShiftTestLoop', 'ShiftValLoop', 'TestProgressHook',
    'bootstrap_interval', 'count_agreement', 'count_names', 'draw_shifts', 'fidelity', 'find_regions', 'fourier_shift',
    'place_on_canvas', 'ratios', 'render_view', 'shift_grid'
]
