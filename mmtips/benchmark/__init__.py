# Copyright (c) mmtips authors. All rights reserved.
"""What the exchange costs: candidates, paired timings, results, goals and the page that shows them."""

from mmtips.benchmark.candidates import Candidate
from mmtips.benchmark.cards import render_cards
from mmtips.benchmark.figures import write_performance_figures
from mmtips.benchmark.goals import GOALS, judge
from mmtips.benchmark.measurement import is_measured, measure, result_file
from mmtips.benchmark.page import render_page
from mmtips.benchmark.settings import DEVICES, DTYPES, Setting
from mmtips.benchmark.shares import load_profiles
from mmtips.benchmark.suites import PLANS, SUITES, Case, Suite, planned
from mmtips.benchmark.tables import load_results, table

__all__ = [
    'DEVICES', 'DTYPES', 'GOALS', 'PLANS', 'SUITES', 'Candidate', 'Case', 'Setting', 'Suite', 'is_measured', 'judge',
    'load_profiles',
    'load_results', 'measure', 'planned', 'render_cards', 'render_page', 'result_file', 'table',
    'write_performance_figures'
]
