# Copyright (c) mmtips authors. All rights reserved.
"""Where time goes: shares of CPU time of a training iteration and of an evaluation, and of a layer by operation."""

from mmtips.benchmark.shares.evaluation import DEMO_OPTIONS, evaluation_row
from mmtips.benchmark.shares.meter import Meter
from mmtips.benchmark.shares.operations import operation_rows
from mmtips.benchmark.shares.tables import load_profiles, profile_parts
from mmtips.benchmark.shares.training import training_rows

__all__ = [
    'DEMO_OPTIONS', 'Meter', 'evaluation_row', 'load_profiles', 'operation_rows', 'profile_parts', 'training_rows'
]
