# Copyright (c) mmtips authors. All rights reserved.
"""Run a study: its cells, and the file that is made of them."""

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from mmtips.evidence.cells import Cell, as_planned, grid, study_cells, study_rows
from mmtips.evidence.choice import chosen_rates, equal_time, widened
from mmtips.evidence.plan import Plan
from mmtips.evidence.pool import Failure, run_cells
from mmtips.evidence.store import collect, finished, unpack
from mmtips.report import write_whole


def cells_of(plan: Plan, name: str, out: Path) -> list[Cell]:
    """The cells of a study.

    Args:
        plan: The plan.
        name: Name of the study.
        out: Folder of the results: most studies need what the search found there.

    Returns:
        The cells.

    Raises:
        FileNotFoundError: If the search has not been run.
        ValueError: If the plan has no such study, or the search is not finished.
    """
    study = plan.study(name)
    if name == 'search':
        return _search_cells(plan, out)
    if study.rates == 'grid' and study.iterations == 'equal':
        return study_cells(plan, name, grid(plan), as_planned(plan, name))
    rows = _searched(plan, out)
    rates = grid(plan) if study.rates == 'grid' else chosen_rates(plan, rows)
    if study.iterations == 'equal':
        return study_cells(plan, name, rates, as_planned(plan, name))
    # Time is that of the settings of the study: one padding may be slower than the other.
    settings = {f'{network}-{padding}' for network, _, padding, _, _ in study_rows(plan, name)}
    # Seconds of one study, if possible: on another day the machine may be faster.
    known = [row for row in _rows(out / 'final.json') or rows if row['setting'] in settings]
    return study_cells(plan, name, rates, equal_time(plan, known, study.reference))


def _search_cells(plan: Plan, out: Path) -> list[Cell]:
    """The grid, and what lies beyond it for an operator that has finished its own and does best at an edge."""
    length = as_planned(plan, 'search')
    contents = [(cell, finished(out, cell)) for cell in study_cells(plan, 'search', grid(plan), length)]
    unfinished = {(cell.network, cell.name) for cell, content in contents if content is None}
    rows = [content['row'] for cell, content in contents
            if content and 'row' in content and (cell.network, cell.name) not in unfinished]
    return study_cells(plan, 'search', widened(plan, rows), length)


def _searched(plan: Plan, out: Path) -> list[dict[str, Any]]:
    """The rows of the search, if it is finished and of this plan."""
    path = out / 'search.json'
    if not path.is_file():
        raise FileNotFoundError(f'{path}: the search has not been run, from which the other studies have their '
                                'learning rates: run the study search first')
    unpack(out, 'search')
    open_cells = [cell.id for cell in cells_of(plan, 'search', out) if finished(out, cell) is None]
    if open_cells:
        raise ValueError(f'{path}: {len(open_cells)} cells of the search are not finished, or their plan has changed, '
                         f'such as {open_cells[0]}: run the study search again')
    return _rows(path)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a study's file; none if it is not there."""
    return json.loads(path.read_text())['rows'] if path.is_file() else []


def run_study(plan: Plan, name: str, out: Path, jobs: int, report: Callable[[str], None] = print,
              networks: Collection[str] | None = None) -> list[Failure]:
    """Run what is left of a study and write its file, of all cells that are finished.

    Args:
        plan: The plan.
        name: Name of the study.
        out: Folder of the results.
        jobs: How many cells at a time.
        report: Receives what there is to say.
        networks: Of which networks alone the cells are run; of all if not given.

    Returns:
        The cells that failed; run the study again to try these again.
    """
    report(f'study {name}')
    unpack(out, name)

    def run(cells: Collection[Cell]) -> list[Failure]:
        return run_cells([cell for cell in cells if networks is None or cell.network in networks], out, jobs, report)

    cells = cells_of(plan, name, out)
    failures = run(cells)
    if (more := cells_of(plan, name, out)) != cells:  # the search goes on beyond its grid
        cells, failures = more, run(more)
    if any(finished(out, cell) for cell in cells):
        report(str(write_whole(collect(plan, name, cells, out), out / f'{name}.json')))
    for failure in failures:
        report(f'FAILED {failure.cell.study}/{failure.cell.id}: {failure.reason} ({failure.log})')
    return failures


def estimate(plan: Plan, name: str, out: Path) -> str:
    """How many cells a study has, and how many of them are left."""
    unpack(out, name)
    cells = cells_of(plan, name, out)
    left = sum(finished(out, cell) is None for cell in cells)
    return f'{name}: {len(cells)} cells, {left} left'
