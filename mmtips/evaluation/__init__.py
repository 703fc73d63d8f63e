# Copyright (c) mmtips authors. All rights reserved.
"""Shift consistency, sampling bias, aliasing: pure measures, and what runs them on models of either host."""

from mmtips.evaluation.aliasing import power_counts
from mmtips.evaluation.bias import bias_table, mean_bias, selection_counts, weight_counts
from mmtips.evaluation.consistency import bootstrap_interval, count_agreement, count_names, fidelity, ratios
from mmtips.evaluation.loops import ShiftTestLoop, ShiftValLoop
from mmtips.evaluation.metric import ShiftConsistency
from mmtips.evaluation.probe import SamplingProbe
from mmtips.evaluation.progress import TestProgressHook
from mmtips.evaluation.protocols import PROTOCOLS, ShiftProtocol, draw_shifts, shift_grid
from mmtips.evaluation.regions import Classes, Regions, find_regions
from mmtips.evaluation.views import fourier_shift, place_on_canvas, render_view

__all__ = [
    'PROTOCOLS', 'Classes', 'Regions', 'SamplingProbe', 'ShiftConsistency', 'ShiftProtocol', 'ShiftTestLoop',
    'ShiftValLoop', 'TestProgressHook', 'bias_table', 'bootstrap_interval', 'count_agreement', 'count_names',
    'draw_shifts', 'fidelity', 'find_regions', 'fourier_shift', 'mean_bias', 'place_on_canvas', 'power_counts',
    'ratios', 'render_view', 'selection_counts', 'shift_grid', 'weight_counts'
]
