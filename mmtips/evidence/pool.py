# Copyright (c) mmtips authors. All rights reserved.
"""Cells side by side, each in a process of its own."""

import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple, cast

from mmtips.arguments import check_integer
from mmtips.evidence.cells import Cell
from mmtips.evidence.store import cell_folder, finished
from mmtips.evidence.worker import FAILURE, LOG, run_process

#: Loaded once, in the process that all others are copies of: loading takes longer than a tenth of a cell.
PRELOAD = ['mmtips', 'mmtips.evidence.worker', 'mmseg.models', 'mmseg.datasets', 'mmseg.engine', 'mmseg.visualization',
           'mmpretrain.models', 'mmpretrain.datasets', 'mmpretrain.engine', 'mmpretrain.visualization']


class Failure(NamedTuple):
    """A cell that came to no end.

    Attributes:
        cell: The cell.
        reason: The last line of its traceback, or what the system did to it.
        log: Its log.
    """

    cell: Cell
    reason: str
    log: Path


class Task(NamedTuple):
    """A cell that is running."""

    cell: Cell
    process: BaseProcess
    started: float


def run_cells(cells: Sequence[Cell], out: Path, jobs: int, report: Callable[[str], None] = print,
              work: Callable[[Cell, Path], None] = run_process) -> list[Failure]:
    """Run the cells that are not finished, so many at a time; one that fails does not stop the others.

    Args:
        cells: The cells.
        out: Where they leave logs and results; a cell that is finished there is not run again.
        jobs: How many at a time, each on one thread.
        report: Receives a line for every cell.
        work: What a process does with a cell and its folder.

    Returns:
        The cells that failed.

    Raises:
        ValueError: If ``jobs`` is less than 1.
    """
    check_integer('jobs', jobs, 1)
    waiting = [cell for cell in cells if finished(out, cell) is None]
    report(f'{len(cells)} cells, {len(cells) - len(waiting)} of them finished before')
    failures, clock, total = list[Failure](), time.monotonic(), len(waiting)
    running: dict[int, Task] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                task = _start(waiting.pop(0), out, work)
                running[task.process.sentinel] = task
            for sentinel in wait(list(running)):
                task = running.pop(cast(int, sentinel))
                failure = _end(task, out)
                failures += [failure] if failure else []
                done = total - len(waiting) - len(running)
                left = (time.monotonic() - clock) / done * (total - done)
                report(_line(task, failure, done, total, left))
    finally:
        for task in running.values():
            task.process.terminate()
    return failures


def _start(cell: Cell, out: Path, work: Callable[[Cell, Path], None]) -> Task:
    folder = cell_folder(out, cell)
    shutil.rmtree(folder, ignore_errors=True)  # what was killed begins again
    folder.mkdir(parents=True)
    process = _context().Process(target=work, args=(cell, folder), daemon=True)
    process.start()
    return Task(cell, process, time.monotonic())


def _context() -> Any:
    os.environ['OMP_NUM_THREADS'] = '1'
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(PRELOAD)
    return context


def _end(task: Task, out: Path) -> Failure | None:
    task.process.join()
    if finished(out, task.cell) is not None:
        return None
    folder, code = cell_folder(out, task.cell), task.process.exitcode or 0
    note = folder / FAILURE
    lines = note.read_text().strip().splitlines() if note.is_file() else []
    return Failure(task.cell, lines[-1] if lines else f'ended by signal {-code}' if code < 0 else f'ended with {code}',
                   folder / LOG)


def _line(task: Task, failure: Failure | None, done: int, total: int, left: float) -> str:
    state = f'FAILED, see {failure.log}: {failure.reason}' if failure else 'done'
    hours, minutes = divmod(round(left / 60), 60)
    return (f'[{done}/{total}, {hours}:{minutes:02} h left] {task.cell.study}/{task.cell.id}: {state} in '
            f'{time.monotonic() - task.started:.0f} s')
