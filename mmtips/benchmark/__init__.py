# Copyright (c) mmtips authors. All rights reserved.
"""What the exchange costs: candidates, paired timings, results."""

from mmtips.benchmark.candidates import SUITES, Candidate
from mmtips.benchmark.cards import render_cards, table
from mmtips.benchmark.timing import Cost, compare

__all__ = ['SUITES', 'Candidate', 'Cost', 'compare', 'render_cards', 'table']
