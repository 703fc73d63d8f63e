# Copyright (c) mmtips authors. All rights reserved.
"""The evidence: a plan of trainings and measurements as data, its cells side by side, one file for each study."""

from mmtips.evidence.metric import ForegroundIoU
from mmtips.evidence.plan import Plan, load_plan
from mmtips.evidence.pool import Failure
from mmtips.evidence.studies import cells_of, estimate, run_study

__all__ = ['Failure', 'ForegroundIoU', 'Plan', 'cells_of', 'estimate', 'load_plan', 'run_study']
