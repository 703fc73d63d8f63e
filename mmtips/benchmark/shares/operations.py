# Copyright (c) mmtips authors. All rights reserved.
"""Where the time of a layer goes, by operation of PyTorch."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from mmtips.benchmark.candidates import BLUR, LOSSES, Candidate, core
from mmtips.benchmark.memory import run_once
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.shares.meter import profile_row
from mmtips.benchmark.suites import SHAPES
from mmtips.benchmark.tasks import LOSSES as TASKS
from mmtips.benchmark.tasks import Task

#: Candidates of the suite ``core`` and what they do, by what that is called.
PROFILED = (('TIPS', 'forward'), (BLUR, 'forward'), (LOSSES, 'step'), (BLUR, 'step'))
#: What is no operation: Python, and the profiler itself.
CALL = 'between operations'
KINDS = {'forward': 'forward in eval', 'step': 'training step'}


def operation_rows(setting: Setting, shapes: Sequence[tuple[int, int, int, int]] = SHAPES, repeats: int = 24,
                   fastest: int = 6) -> list[dict[str, Any]]:
    """Profile TIPS and BlurPool, forward in eval and training step, TIPS with both losses.

    Args:
        setting: The setting, on the CPU and eager; the threads of this process are set to its.
        shapes: ``(N, C, H, W)`` of each input.
        repeats: Calls that are profiled, after two that warm up.
        fastest: How many of them count, see :func:`operation_seconds`.

    Returns:
        Rows of a profile, in milliseconds of one call: the time in each operation without that in operations that it
        calls.

    Raises:
        ValueError: If the setting is another one.
    """
    if (setting.device, setting.mode) != ('cpu', 'eager'):
        raise ValueError(f'setting: expected an eager one on the CPU, got {setting.name}')
    torch.set_num_threads(setting.threads)
    torch.manual_seed(0)
    return [profile_row('operations', name, f"{' x '.join(map(str, shape))}, {KINDS[kind]}", 'call', fastest,
                        operation_seconds(core(shape[1])[name], shape, setting, kind, repeats, fastest))
            for shape in shapes for name, kind in PROFILED]


def operation_seconds(candidate: Candidate, shape: tuple[int, int, int, int], setting: Setting, kind: str,
                      repeats: int, fastest: int) -> dict[str, float]:
    """Seconds in each operation over the fastest calls, by name; most first.

    The profiler's clock goes on while other processes run, so that slow calls say nothing.

    Args:
        candidate: What is profiled.
        shape: ``(N, C, H, W)`` of its input.
        setting: On the CPU.
        kind: ``'forward'`` or ``'step'``.
        repeats: Calls that are profiled, after two that warm up.
        fastest: How many of them count.
    """
    task, x = TASKS[candidate.losses](Task(setting.place(candidate.build()))), setting.draw(shape)

    def call() -> None:
        task.zero_grad(set_to_none=True)
        run_once(task, x, setting, kind)

    for _ in range(2):
        call()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(repeats):
            with record_function(CALL):
                call()
    calls = sorted((event.time_range for event in profiler.events() if event.name == CALL),
                   key=lambda of: of.end - of.start)
    spent: defaultdict[str, float] = defaultdict(float)
    for event in profiler.events():
        if any(of.start <= event.time_range.start and event.time_range.end <= of.end for of in calls[:fastest]):
            spent[event.name] += event.self_cpu_time_total / 1e6
    return dict(sorted(spent.items(), key=lambda item: -item[1]))
