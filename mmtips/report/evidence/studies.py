# Copyright (c) mmtips authors. All rights reserved.
"""The files of the evidence, and how their rows are found: by setting, operator and seed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmtips.report.evidence.statistics import Estimate, mean_interval
from mmtips.report.schemas import Result, load_result

#: By name, in the order in which they are made.
STUDIES = ('search', 'ablation', 'variants', 'final', 'time')
#: What all are compared with, and what TIPS as published is called in the plan.
BASELINE, STOCK, PUBLISHED = 'BlurPool', 'stock', 'TIPS'
TASKS = ('segmentation', 'classification')
Row = dict[str, Any]
#: The rows of a setting: by operator and seed.
Cells = dict[str, dict[int, Row]]


@dataclass(frozen=True)
class Measure:
    """A figure of a row: what it is called, how it is read, which end is good, if any is, and how it is written.

    ``unit`` is what the value is multiplied with before it is written with ``digits`` digits; ``words`` is what it is
    called in a sentence, if not by its heading.
    """

    heading: str
    read: Callable[[Row], float | None]
    good: str = 'highest'
    unit: float = 100
    digits: int = 1
    words: str = ''

    @property
    def said(self) -> str:
        """What it is called in a sentence."""
        return self.words or self.heading


def _consistency(protocol: str, row: str) -> Measure:
    heading = protocol if row == 'all' else f'{protocol}, {row}'
    pixels = '' if row == 'all' else f' {row}'
    return Measure(heading, lambda of: of['consistency'][protocol][row], words=f'{protocol}{pixels} consistency')


def _fidelity(protocol: str) -> Measure:
    return Measure(f'fidelity, {protocol}', lambda of: of['fidelity'][protocol])


SCORE = {'segmentation': Measure('mIoU', lambda row: row['score']),
         'classification': Measure('accuracy', lambda row: row['score'])}
SECONDS = Measure('training, CPU s', lambda row: row['seconds'], 'lowest', 1, 0)
ITERATIONS = Measure('iterations', lambda row: row['iterations'], '', 1, 0)
PARAMETERS = Measure('parameters', lambda row: row.get('parameters'), '', 1, 0)
#: What the verdicts are about, by task: the consistency where most can be lost. A classifier has no foreground.
PRIMARY = {'segmentation': _consistency('standard', 'foreground'), 'classification': _consistency('standard', 'all')}
CIRCULAR = {'segmentation': _consistency('circular', 'foreground'), 'classification': _consistency('circular', 'all')}


def bias(form: str) -> Measure:
    """Maximum-sampling bias in one of its forms (:mod:`mmtips.evaluation.bias`)."""
    return Measure(f'MSB, {form}', lambda row: row['msb'].get(form), '', 1, 3)


def bias_forms(rows: Sequence[Row]) -> list[str]:
    """The forms of the bias that any row has, in the order of their appearance."""
    return list(dict.fromkeys(form for row in rows for form, value in row['msb'].items() if value is not None))


def measures(rows: Sequence[Row]) -> list[Measure]:
    """All that at least one of the rows of a setting has, in the order of the table."""
    every = [
        SCORE[rows[0]['task']], Measure('foreground mIoU', lambda row: row['foreground_score']),
        *(_consistency(protocol, row) for protocol in ('standard', 'circular') for row in ('all', 'foreground',
                                                                                        'border')),
        *(_fidelity(protocol) for protocol in ('standard', 'circular')), *map(bias, bias_forms(rows)), SECONDS,
        PARAMETERS
    ]
    return [measure for measure in every if any(measure.read(row) is not None for row in rows)]


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


def tasks_of(settings: Mapping[str, Cells]) -> dict[str, list[str]]:
    """The names of the settings of each task, in the order of :data:`TASKS`."""
    named = {task: [name for name, cells in settings.items() if rows_of(cells)[0]['task'] == task] for task in TASKS}
    return {task: names for task, names in named.items() if names}


def require_operator(cells: Cells, operator: str, where: str) -> None:
    """Raise a ValueError that names the place if a setting lacks the operator that others are compared with."""
    if operator not in cells:
        raise ValueError(f'{where}: no rows of {operator!r}, with which the others are compared: expected it beside '
                         f'{list(cells)}; run it with tools/evidence.py')


def leaders(names: Collection[str], first: Sequence[str]) -> list[str]:
    """Names in their order, but some first."""
    return [name for name in first if name in names] + [name for name in names if name not in first]
