# Copyright (c) mmtips authors. All rights reserved.
"""Where the time of an evaluation with ``tools/eval_shift.py`` goes."""

import builtins
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.runner import Runner

from mmtips import cli, report
from mmtips.benchmark.shares.meter import REST, Meter, profile_row
from mmtips.evaluation import subject
from mmtips.report import assemble
from mmtips.wrappers import unwrap

IMPORTS, BUILDING, READING = 'start and imports', 'configs and building', 'reading images'
NETWORK, HOST = 'network', 'the host around it: preprocessing, resizing, labels'
VIEWS, COUNTING = 'rendering and placing views', 'counting and journal'
SAMPLING, SUMMARY = 'sampling bias and aliasing of 16 images', 'metrics and their intervals'
COST, PICTURES = "the model's cost: multiply-adds, latency", 'pictures of the report'
#: As the Makefile's demo evaluates.
DEMO_OPTIONS = ('--pairs', '2', '--shift-map', '8', '--map-step', '2', '--map-images', '8')
PARTS = (IMPORTS, BUILDING, READING, NETWORK, HOST, VIEWS, COUNTING, SAMPLING, SUMMARY,
         COST, PICTURES, REST)


def evaluation_row(tool: Path, arguments: Sequence[str], condition: str) -> dict[str, Any]:
    """Run an evaluation in this process and say where its time went, from the start of the process on.

    Args:
        tool: ``tools/eval_shift.py``.
        arguments: Its arguments.
        condition: What is measured, in words.

    Returns:
        A row of a profile, in milliseconds of the run, called after the tool.
    """
    meter = Meter(start=0., first=IMPORTS)
    before = sys.argv
    sys.argv = [str(tool), *arguments]
    try:
        _watch_tool(meter)
        runpy.run_path(str(tool), run_name='__main__')
    finally:
        sys.argv = before
        meter.release()
    return profile_row('evaluation', tool.stem, condition, 'run', 1, dict.fromkeys(PARTS, 0.) | meter.so_far())


def _watch_tool(meter: Meter) -> None:
    meter.watch(builtins, '__import__', IMPORTS)  # the hosts are imported when the first config names them
    for step in ('load_config', 'shift_config', 'build_tester'):
        meter.watch(cli, step, BUILDING)
    meter.watch(cli, 'leave_out_unreadable', READING)
    for step in ('render_view', 'place_on_canvas', 'undo_fraction'):
        meter.watch(subject, step, VIEWS)
    meter.watch(assemble, 'data_digest', READING)
    # Both run the model too, which is not what is measured.
    meter.watch(assemble, 'measure_cost', COST, undivided=True)
    meter.watch(report, 'assemble_result', PICTURES)
    for step in ('flicker_exhibits', 'mixing_layers'):
        meter.watch(assemble, step, PICTURES, undivided=True)
    build = cli.build_tester

    def watched(*args: Any, **kwargs: Any) -> Runner:
        runner = build(*args, **kwargs)
        with meter.part(BUILDING):
            watch_tester(meter, runner)
        return runner

    meter.replace(cli, 'build_tester', watched)


def watch_tester(meter: Meter, runner: Runner) -> None:
    """Watch what a shift loop does with each image.

    Args:
        meter: The meter.
        runner: A runner whose test loop is a ``ShiftTestLoop``.
    """
    model, loop = unwrap(runner.model), runner.test_loop
    meter.watch(model, 'forward', HOST)
    meter.watch(model.data_preprocessor, 'forward', HOST)
    for part in ('backbone', 'neck', 'decode_head', 'head'):
        if getattr(model, part, None) is not None:
            meter.watch(getattr(model, part), 'forward', NETWORK)
    if hasattr(loop.dataloader.dataset, 'prepare_data'):
        meter.watch(loop.dataloader.dataset, 'prepare_data', READING)
    meter.watch(loop, 'subjects', COUNTING)  # finds the regions of the ground truth
    meter.watch(loop.metric, 'record', COUNTING)
    if 'sampling' in loop.metric.measures:  # of some images, with forwards of its own
        meter.watch(loop.metric.measures['sampling'], 'count', SAMPLING, undivided=True)
    meter.watch(loop.evaluator, 'process', COUNTING)
    meter.watch(loop.evaluator, 'evaluate', SUMMARY)
    if loop.journal is not None:
        meter.watch(loop.journal, 'append', COUNTING)
