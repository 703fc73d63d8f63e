# Copyright (c) mmtips authors. All rights reserved.
"""Shift consistency: pure measures, and the loops that run them in either host."""

from mmtips.evaluation.consistency import bootstrap_interval, count_agreement, count_names, fidelity, ratios
from mmtips.evaluation.loops import ShiftTestLoop, ShiftValLoop
from mmtips.evaluation.metric import ShiftConsistency
from mmtips.evaluation.progress import TestProgressHook
from mmtips.evaluation.shifts import ShiftProtocol, draw_shift_pairs, place_on_canvas, render_view

__all__ = [
    'ShiftConsistency', 'ShiftProtocol', 'ShiftTestLoop', 'ShiftValLoop', 'TestProgressHook',
    'bootstrap_interval', 'count_agreement',
    'count_names', 'draw_shift_pairs', 'fidelity', 'place_on_canvas', 'ratios', 'render_view'
]
