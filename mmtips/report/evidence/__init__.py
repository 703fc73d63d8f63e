# Copyright (c) mmtips authors. All rights reserved.
"""From ``results/evidence/*.json`` to what may be said: statistics, tables, figures, and ``docs/evidence.md``.

In the order of the data: ``studies`` reads the files and finds rows, ``statistics`` knows means, pairs and verdicts,
``comparison`` sets operators against one of them, ``checks`` holds the runs against the protocol, ``correlations`` sets
bias against consistency; ``words`` says it in clauses, ``tables``, ``variants`` and ``lengths`` in tables, ``choice``,
``answer`` and ``summary`` in what a reader is told first, ``figures`` shows it, and ``page`` puts it where it is read.
"""

from mmtips.report.evidence.figures import write_evidence_figures
from mmtips.report.evidence.page import render_evidence
from mmtips.report.evidence.studies import STUDIES, load_studies

__all__ = ['STUDIES', 'load_studies', 'render_evidence', 'write_evidence_figures']
