# Copyright (c) mmtips authors. All rights reserved.
"""What runs a cell: training and evaluation through mmengine's runner, and the row that comes out."""

import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import Runner

from mmtips import report
from mmtips.evaluation import fidelity, mean_bias
from mmtips.evaluation.adapters import find_score
from mmtips.evidence.cells import Cell, describe
from mmtips.evidence.hooks import PhaseWeightsHook, TrainingRecordHook
from mmtips.evidence.metric import FOREGROUND
from mmtips.evidence.recipes import cell_config
from mmtips.runners import build_runner

REGIONS = dict(all='overall', foreground='foreground', border='border')
#: How many points the curves of the phase weights have: enough to see a loss set in.
TAU_POINTS = 40
RESULT, FAILURE, LOG = 'result.json', 'failure.txt', 'log.txt'


def run_process(cell: Cell, folder: Path) -> None:
    """Run a cell in this process, which is its own: everything that it prints goes into its log.

    Args:
        cell: The cell.
        folder: Its folder. ``result.json`` is written there once it is finished, ``failure.txt`` if it failed.
    """
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    torch.set_num_threads(1)
    try:
        finish(cell, folder)
    except BaseException:
        (folder / FAILURE).write_text(traceback.format_exc())
        traceback.print_exc()
        sys.exit(1)


def finish(cell: Cell, folder: Path) -> None:
    """Run a cell and write down what came out; a training that diverges is a result too."""
    content: dict[str, Any] = dict(run=report.run_information())
    try:
        content['row'] = run_cell(cell, folder)
    except FloatingPointError as error:
        content['diverged'] = str(error)
    report.write_whole(content, folder / RESULT)


def run_cell(cell: Cell, folder: Path) -> dict[str, Any]:
    """Train and evaluate.

    Args:
        cell: The cell.
        folder: Where the runner writes its logs.

    Returns:
        A row of results.

    Raises:
        FloatingPointError: If the training diverged.
    """
    runner = build_runner(cell_config(cell, folder))
    record = TrainingRecordHook()
    weights = PhaseWeightsHook(max(1, cell.iterations // TAU_POINTS))
    for hook in (record, weights):
        runner.register_hook(hook)
    runner.train()
    _require_finite(runner)
    metrics = runner.test()
    parameters = sum(parameter.numel() for parameter in runner.model.parameters())
    return dict(assemble_row(cell, metrics, runner.test_loop.metric.summaries, record, weights), parameters=parameters)


def _require_finite(runner: Runner) -> None:
    bad = [name for name, value in runner.model.state_dict().items() if not torch.isfinite(value).all()]
    if bad:
        raise FloatingPointError(f'after the training {len(bad)} tensors of the model are not finite, such as {bad[0]}')


def assemble_row(cell: Cell, metrics: Mapping[str, float], summaries: Mapping[str, Any], record: TrainingRecordHook,
                 weights: PhaseWeightsHook) -> dict[str, Any]:
    """A row of ``results/evidence/<study>.json``.

    Args:
        cell: The cell.
        metrics: What the shift loop returned, in percent.
        summaries: What its measures say, in percent.
        record: What was written down in training.
        weights: What was written down of the phase weights.

    Returns:
        The row; shares are in [0, 1].
    """
    name = find_score(metrics)
    if name is None:
        raise ValueError(f'{cell.recipe}: its metrics have no accuracy that is known: {sorted(metrics)}')
    protocols = ('standard', 'circular')
    estimates = {protocol: {region: _share(summaries[protocol].get(row)) for region, row in REGIONS.items()}
                 for protocol in protocols}
    overall = {protocol: summaries[protocol]['overall']['value'] for protocol in protocols}
    return dict(
        describe(cell),
        score=float(metrics[name]) / 100,
        foreground_score=float(metrics[FOREGROUND]) / 100 if FOREGROUND in metrics else None,
        consistency=estimates,
        fidelity={protocol: fidelity(float(metrics[name]), value) / 100 for protocol, value in overall.items()},
        msb=mean_bias(summaries['sampling']['sites']),
        shift_map=_shift_map(summaries.get('map')),
        seconds=record.seconds,
        curve=[list(point) for point in record.curve],
        tau={path: [list(point) for point in curve] for path, curve in weights.curves.items()})


def _shift_map(summary: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if summary is None:
        return None
    return dict(shifts=summary['shifts'], consistency=[[value / 100 for value in row] for row in summary['overall']])


def _share(estimate: Mapping[str, float] | None) -> float | None:
    return None if estimate is None else estimate['value'] / 100
