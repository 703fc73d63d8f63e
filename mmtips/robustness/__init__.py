# Copyright (c) mmtips authors. All rights reserved.
"""Robustness: adversarial attacks and common corruptions, in either host, judged by the host's own metrics."""

from mmtips.robustness.attacks import ATTACKS, Attack, attack_images
from mmtips.robustness.corruptions import CORRUPTIONS, SEVERITIES, TIPSCorrupt, corrupt
from mmtips.robustness.errors import (
    compare_sections,
    corruption_errors,
    error_table,
    mean_corruption_error,
    relative_mean_corruption_error,
    require_same_cells,
)
from mmtips.robustness.loops import AttackTestLoop
from mmtips.robustness.pipelines import corrupt_pipeline
from mmtips.robustness.store import CellStore
from mmtips.robustness.study import robustness_study
from mmtips.robustness.victims import Victim

__all__ = [
    'ATTACKS', 'CORRUPTIONS', 'SEVERITIES', 'Attack', 'AttackTestLoop', 'CellStore', 'TIPSCorrupt', 'Victim',
    'attack_images', 'compare_sections', 'corrupt', 'corrupt_pipeline', 'corruption_errors', 'error_table',
    'mean_corruption_error', 'relative_mean_corruption_error', 'require_same_cells', 'robustness_study'
]
