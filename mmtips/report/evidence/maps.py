# Copyright (c) mmtips authors. All rights reserved.
"""Consistency for every shift, averaged over seeds, in the heat maps of the reports."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from mmtips.report.evidence.looks import WIDTH
from mmtips.report.evidence.measures import Row
from mmtips.report.evidence.studies import comparable
from mmtips.report.figures.shift_maps import shift_map_figure
from mmtips.report.schemas import Result


def map_rows(result: Result) -> dict[str, list[Row]]:
    """The rows with shift maps of the first setting that has any, by operator."""
    for cells in comparable(result).values():
        found = {name: [row for row in of.values() if row['shift_map']] for name, of in cells.items()}
        if any(found.values()):
            return {name: rows for name, rows in found.items() if rows}
    return {}


def map_figure(studies: Mapping[str, Result]) -> Figure:
    """Shift maps of the first setting that has any: a map for each operator, the mean over seeds.

    Args:
        studies: With ``'final'``, and a shift map in some row of it.

    Returns:
        The figure.
    """
    shown = []
    for name, rows in map_rows(studies['final']).items():
        shifts = rows[0]['shift_map']['shifts']
        mean = np.mean([row['shift_map']['consistency'] for row in rows], axis=0)
        shown.append(dict(name=name, shift_map=dict(shifts=shifts, step=shifts[1] - shifts[0], overall=100 * mean)))
    return shift_map_figure(shown, WIDTH)
