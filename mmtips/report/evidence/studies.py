# Copyright (c) mmtips authors. All rights reserved.
"""The files of the evidence, and how their rows are found: by setting, operator and seed."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmtips.report.evidence.measures import Measure, Row
from mmtips.report.evidence.statistics import Estimate, mean_interval
from mmtips.report.schemas import Result, load_result

#: By name, in the order in which they are made.
STUDIES = ('search', 'ablation', 'variants', 'final', 'time', 'longer')
#: What all are compared with, and what TIPS as published is called in the plan.
BASELINE, STOCK, PUBLISHED = 'BlurPool', 'stock', 'TIPS'
TASKS = ('segmentation', 'classification')
#: The rows of a setting: by operator and seed.
Cells = dict[str, dict[int, Row]]


def load_studies(folder: Path) -> dict[str, Result]:
    """Read the files of a folder that are named after a study.

    Args:
        folder: Where they lie, or would; files that were put aside under the name of their date are left out.

    Returns:
        Valid results by study, in the order of :data:`STUDIES`; those that there are.

    Raises:
        ValueError: If a file does not fit the schema, or holds another study than its name says, or two rows of one
            cell; the message names them.
    """
    found = {}
    for study in STUDIES:
        path = folder / f'{study}.json'
        if path.is_file():
            result = found[study] = load_result(path, 'evidence')
            if result['study'] != study:
                raise ValueError(f"{path}: expected the study {study!r}, got {result['study']!r}: name the file after "
                                 'its study')
            require_single(result, str(path))
    return found


def missing(result: Result) -> int:
    """How many trainings of a study have not been run yet; a file is written before its study is finished."""
    planned = int(result['protocol'].get('cells', 0))
    return max(0, planned - len(result['rows']) - len(result['diverged']))


def whole(studies: Mapping[str, Result]) -> dict[str, Result]:
    """The studies of which nothing is missing: of no other anything is said."""
    return {name: result for name, result in studies.items() if not missing(result)}


def finished(result: Result) -> Result:
    """What may be said of a study before its end: the seeds that all operators of a setting have, if there are two.

    Args:
        result: A study.

    Returns:
        The study with those rows alone, which may be none.
    """
    runs = [*result['rows'], *result['diverged']]
    operators: dict[str, set[str]] = {}
    trained: dict[tuple[str, int], set[str]] = {}
    for of in runs:
        operators.setdefault(of['setting'], set()).add(of['operator'])
        trained.setdefault((of['setting'], of['seed']), set()).add(of['operator'])
    ready = {key for key, names in trained.items() if names == operators[key[0]]}
    several = {setting for setting in operators if sum(place == setting for place, _ in ready) > 1}
    rows, diverged = ([of for of in result[kind] if of['setting'] in several and (of['setting'], of['seed']) in ready]
                      for kind in ('rows', 'diverged'))
    return dict(result, rows=rows, diverged=diverged)


def require_single(result: Result, source: str) -> None:
    """Refuse two rows of one cell, and a setting with two tasks.

    Args:
        result: A study.
        source: What to call it in the error.

    Raises:
        ValueError: If there are any; the message names the cell.
    """
    seen: set[tuple[Any, ...]] = set()
    tasks: dict[str, str] = {}
    for row in result['rows']:
        # In the search alone an operator is trained with several rates.
        key = (row['setting'], row['operator'], row['seed'], row['learning_rate'] if result['study'] == 'search' else 0)
        if key in seen:
            raise ValueError(f"{source}: two rows of {row['setting']}, {row['operator']}, seed {row['seed']}: keep one")
        seen.add(key)
        if tasks.setdefault(row['setting'], row['task']) != row['task']:
            raise ValueError(f"{source}: {row['setting']} is {row['task']} in one row and {tasks[row['setting']]} in "
                             'another')


def by_setting(result: Result) -> dict[str, Cells]:
    """The rows of a study by setting, operator and seed, each in the order of its first appearance."""
    cells: dict[str, Cells] = {}
    for row in result['rows']:
        cells.setdefault(row['setting'], {}).setdefault(row['operator'], {})[row['seed']] = row
    return cells


def network(setting: str) -> str:
    """The network of a setting, which is called ``<network>-<padding>``."""
    return setting.rpartition('-')[0]


def lost(result: Result) -> dict[tuple[str, str], set[int]]:
    """The seeds whose training diverged, by setting and operator."""
    found: dict[tuple[str, str], set[int]] = {}
    for of in result['diverged']:
        found.setdefault((of['setting'], of['operator']), set()).add(of['seed'])
    return found


def comparable(result: Result, baseline: str = BASELINE) -> dict[str, Cells]:
    """The rows of a study that may be compared.

    An operator is not compared in a setting in which one of its trainings diverged: what is left of it is a
    selection of its good runs. A seed that BlurPool, or another baseline, lost anywhere is left out everywhere.

    Args:
        result: A study.
        baseline: What the operators will be compared with.

    Returns:
        As :func:`by_setting`.
    """
    gone, kept = lost(result), {BASELINE, baseline}
    without = {seed for (_, name), seeds in gone.items() if name in kept for seed in seeds}
    return {setting: {name: {seed: row for seed, row in of.items() if seed not in without} for name, of in cells.items()
                      if name in kept or (setting, name) not in gone}
            for setting, cells in by_setting(result).items()}


def is_tips(rows: Mapping[int, Row]) -> bool:
    """Whether an operator is a form of TIPS, by the config of its rows."""
    return all((row['config'] or {}).get('type') == PUBLISHED for row in rows.values())


def tips_among(names: Collection[str], settings: Mapping[str, Cells]) -> list[str]:
    """Those of some operators that are forms of TIPS."""
    return [name for name in names if any(is_tips(cells[name]) for cells in settings.values() if name in cells)]


def rows_of(cells: Cells) -> list[Row]:
    """All rows of a setting."""
    return [row for of in cells.values() for row in of.values()]


def values(rows: Mapping[int, Row], measure: Measure) -> dict[int, float] | None:
    """A measure of an operator by seed, in the unit of the table; None where a row lacks it."""
    found = {seed: measure.read(row) for seed, row in rows.items()}
    known = {seed: value * measure.unit for seed, value in found.items() if value is not None}
    return known if len(known) == len(found) else None


def estimated(rows: Mapping[int, Row], measure: Measure) -> Estimate | None:
    """A measure of an operator over its seeds, in the unit of the table; None where a row lacks it."""
    known = values(rows, measure)
    return None if known is None else mean_interval([known[seed] for seed in sorted(known)])


def tasks_of(settings: Mapping[str, Cells]) -> dict[str, dict[str, Cells]]:
    """The settings of each task, in the order of :data:`TASKS`."""
    found = {task: {name: cells for name, cells in settings.items() if rows_of(cells)[0]['task'] == task}
             for task in TASKS}
    return {task: own for task, own in found.items() if own}


def require_operator(cells: Cells, operator: str, where: str) -> None:
    """Raise a ValueError that names the place if a setting lacks the operator that others are compared with."""
    if operator not in cells:
        raise ValueError(f'{where}: no rows of {operator!r}, with which the others are compared: expected it beside '
                         f'{list(cells)}; run it with tools/evidence.py')


def leaders(names: Collection[str], first: Sequence[str]) -> list[str]:
    """Names in their order, but some first."""
    return [name for name in first if name in names] + [name for name in names if name not in first]
