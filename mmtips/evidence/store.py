# Copyright (c) mmtips authors. All rights reserved.
"""What finished cells left on disk, and the file of a study that is made of it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmtips import report
from mmtips.evidence.cells import Cell, describe
from mmtips.evidence.plan import Plan
from mmtips.evidence.worker import RESULT

SCHEMA = 'mmtips/evidence/1'
#: What all cells of a file must have in common: figures of two machines or two versions are not compared.
COMMON = ('device', 'threads', 'versions')


def cell_folder(out: Path, cell: Cell) -> Path:
    """Where a cell leaves its log and its result; after a change of its plan or recipe, beside what is there."""
    return out / 'cells' / cell.study / _folder_name(cell)


def _folder_name(cell: Cell) -> str:
    return f'{cell.id}.{cell.fingerprint()}'


def unpack(out: Path, study: str) -> None:
    """Lay out what the file of a study holds as if its cells had run here: the file alone is enough to go on from.

    Args:
        out: Folder of the results, with the file of the study if there is one; what cells left there stays.
        study: Name of the study.

    Raises:
        ValueError: If the file does not fit the schema.
    """
    path = out / f'{study}.json'
    if not path.is_file():
        return
    content = report.load_result(path, 'evidence')
    contents = [(row['cell'], dict(row=row)) for row in content['rows']]
    contents += [(of['cell'], dict(diverged=of['reason'])) for of in content['diverged']]
    for name, left in contents:
        result = out / 'cells' / study / name / RESULT
        if not result.is_file():
            report.write_whole(dict(run=content['run'], **left), result)


def finished(out: Path, cell: Cell) -> dict[str, Any] | None:
    """What a cell left, if it is finished."""
    try:
        return json.loads((cell_folder(out, cell) / RESULT).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def collect(plan: Plan, study: str, cells: Sequence[Cell], out: Path) -> dict[str, Any]:
    """The content of a study's file, of the cells that are finished.

    Args:
        plan: The plan.
        study: Name of the study.
        cells: Its cells.
        out: Where they left their results.

    Returns:
        What ``results/evidence/<study>.json`` holds.

    Raises:
        ValueError: If no cell is finished, or some were run on another device or with other versions than the rest.
    """
    contents = [(cell, content) for cell in cells if (content := finished(out, cell)) is not None]
    if not contents:
        raise ValueError(f'{study}: no cell is finished: run it')
    rows = [dict(content['row'], control=cell.operator.control, plain=cell.operator.plain, cell=_folder_name(cell))
            for cell, content in contents if 'row' in content]
    diverged = [dict(describe(cell), reason=content['diverged'], cell=_folder_name(cell))
                for cell, content in contents if 'diverged' in content]
    of = plan.study(study)
    return dict(schema=SCHEMA, study=study, split=of.split,
                protocol=dict(asdict(plan.protocol), images={name: net.images for name, net in plan.networks.items()},
                              iterations={name: net.iterations_of(study) for name, net in plan.networks.items()},
                              cells=len(cells), seeds=list(of.seeds), rates=of.rates, equal=of.iterations,
                              length=of.length),
                run=_common_run([(cell, content['run']) for cell, content in contents]), rows=rows, diverged=diverged)


def _common_run(runs: Sequence[tuple[Cell, dict[str, Any]]]) -> dict[str, Any]:
    """What the runs of all cells have in common, with the time of the last and every commit."""
    first = runs[0][1]
    other = [cell.id for cell, run in runs if any(run[key] != first[key] for key in COMMON)]
    if other:
        raise ValueError(f'{len(other)} cells were run on another device, or with other versions, than '
                         f'{runs[0][0].id}: {other[:3]} ...: remove the folders of one kind and run them again')
    ordered = sorted(runs, key=lambda item: item[1]['created'])
    # Of what was unpacked from a file, the commits of all its cells are known together.
    commits = dict.fromkeys(commit for _, run in ordered for commit in run['commit'].split(', '))
    return dict(first, created=max(run['created'] for _, run in runs), commit=', '.join(commits))
