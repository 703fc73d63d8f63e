# Copyright (c) mmtips authors. All rights reserved.
"""Measure a suite under a setting: one result."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmtips import report
from mmtips.benchmark.candidates import Candidate
from mmtips.benchmark.counts import graph_breaks, macs, minimal_bytes, saved_bytes
from mmtips.benchmark.memory import peak_bytes, run_once
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.suites import Case, Suite
from mmtips.benchmark.tasks import LOSSES, Task
from mmtips.benchmark.timing import Job, interleave, ratio, spread

#: A case by its number, a candidate by its name (None for the copy), and what it does.
Key = tuple[int, str | None, str]


class _Entry(NamedTuple):
    """A candidate that is ready to run."""

    module: nn.Module
    task: Task
    compiled: dict[str, float] | None


def result_file(folder: Path, suite: str, setting: Setting) -> Path:
    """Where the result of a suite under a setting lies."""
    return folder / f'{suite}-{setting.name}.json'


def is_measured(path: Path, run: dict[str, Any], rounds: int) -> bool:
    """Whether a file holds a result of this very code: of the same commit, without changes since.

    Args:
        path: The file, see :func:`result_file`.
        run: What :func:`mmtips.report.run_information` says of this run.
        rounds: As many rounds as were asked for.

    Returns:
        False as well if there is no file, or one of another version or device.
    """
    try:
        result = report.load_result(path, 'benchmark')
    except (OSError, ValueError):
        return False
    unchanged = run['commit'] != 'unknown' and not run['commit'].endswith('-dirty')
    return unchanged and result['rounds'] == rounds and all(
        result['run'][key] == run[key] for key in ('commit', 'device', 'threads', 'versions'))


def measure(name: str, suite: Suite, setting: Setting, run: dict[str, Any], rounds: int | None = None,
            progress: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Measure a suite.

    Args:
        name: Its name.
        suite: The suite.
        setting: The setting; the threads of this process are set to its.
        run: What :func:`mmtips.report.run_information` says.
        rounds: Timed rounds; those of the suite if not given.
        progress: Called with the number of each finished round, from 0 for the one that warms up.

    Returns:
        A valid result of kind ``'benchmark'``.
    """
    torch.set_num_threads(setting.threads)
    torch.manual_seed(0)
    rounds = suite.rounds if rounds is None else rounds
    inputs = [setting.draw(case.shape) for case in suite.cases]
    with _room_to_compile(setting):
        entries = [{label: _prepare(candidate, x, setting) for label, candidate in case.candidates.items()}
                   for case, x in zip(suite.cases, inputs, strict=True)]
        jobs: dict[Key, Job] = {}
        for number, x in enumerate(inputs):
            jobs[number, None, 'copy'] = Job(partial(torch.empty_like(x).copy_, x))
            for label, entry in entries[number].items():
                jobs |= {(number, label, kind): _job(entry.task, x, setting, kind) for kind in ('forward', 'step')}
        times = interleave(jobs, inputs[0].device, rounds, progress)
        kept = [{label: _counts(entry, x, setting) for label, entry in entries[number].items()}
                for number, x in enumerate(inputs)]
    cases = [_case(case, number, setting, times, kept[number], suite.references)
             for number, case in enumerate(suite.cases)]
    settings = {key: getattr(setting, key) for key in ('device', 'dtype', 'layout', 'mode', 'threads')}
    return report.validate(dict(schema=2, kind='benchmark', suite=name, title=suite.title, run=run, setting=settings,
                                rounds=rounds, references=list(suite.references), cases=cases))


@contextmanager
def _room_to_compile(setting: Setting) -> Iterator[None]:
    """Let the compiler keep a program of the same code for every candidate: it is made to keep eight."""
    if setting.mode != 'compiled':
        yield
        return
    import torch._dynamo
    with torch._dynamo.config.patch(recompile_limit=4096, accumulated_recompile_limit=65536):
        # Or the first candidate would pay for starting the compiler.
        torch.compile(torch.relu, dynamic=False)(torch.ones(8, device=setting.device))
        yield


def _prepare(candidate: Candidate, x: Tensor, setting: Setting) -> _Entry:
    module = setting.place(candidate.build())
    if setting.mode == 'eager':
        return _Entry(module, LOSSES[candidate.losses](Task(module)), None)
    import torch._inductor.config
    from torch._dynamo.utils import counters

    # Candidates share code, and programs lie on the disk from other runs: each is compiled here as if it were the first
    # one ever, and once more when the rounds are warmed up.
    torch.compiler.reset()
    counters.clear()
    compiled = torch.compile(module, dynamic=False)
    task = LOSSES[candidate.losses](Task(compiled))  # type: ignore[arg-type]
    with torch._inductor.config.patch(force_disable_caches=True):
        start = time.perf_counter()
        run_once(task, x, setting, 'forward')
        middle = time.perf_counter()
        run_once(task, x, setting, 'step')
        end = time.perf_counter()
    return _Entry(module, task, dict(forward_s=middle - start, step_s=end - middle,
                                     graph_breaks=graph_breaks(counters)))


def _job(task: Task, x: Tensor, setting: Setting, kind: str) -> Job:
    def call() -> None:
        task.zero_grad(set_to_none=True)
        run_once(task, x, setting, kind)

    return Job(call, partial(task.train, kind == 'step'))


def _counts(entry: _Entry, x: Tensor, setting: Setting) -> dict[str, Any]:
    entry.task.zero_grad(set_to_none=True)
    with setting.autocast():
        saved = saved_bytes(entry.task, x)
    return dict(saved_bytes=saved, macs=macs(entry.module, x), minimal_bytes=minimal_bytes(entry.module, x),
                parameters=sum(p.numel() for p in entry.module.parameters()), compiled=entry.compiled)


def _case(case: Case, number: int, setting: Setting, times: dict[Key, list[float]], kept: dict[str, dict[str, Any]],
          references: tuple[str, ...]) -> dict[str, Any]:
    copy = times[number, None, 'copy']
    element = setting.tensor_dtype.itemsize
    moved = 2 * element * case.shape[0] * case.shape[1] * case.shape[2] * case.shape[3]
    rows = []
    for label, candidate in case.candidates.items():
        own = {kind: times[number, label, kind] for kind in ('forward', 'step')}
        minimal = kept[label]['minimal_bytes']
        # Minimal bytes / time over the bytes of a copy / its time, round by round.
        share = None if minimal is None else {key: value * minimal / moved for key, value in
                                              ratio(copy, own['forward']).items()}
        ratios = {name: {kind: ratio(own[kind], times[number, name, kind]) for kind in own}
                  for name in references if name in case.candidates}
        rows.append(dict(name=label, operator=candidate.operator, losses=candidate.losses,
                         **{f'{kind}_ms': _samples(values) for kind, values in own.items()}, ratios=ratios,
                         copy_share=share, peak_bytes=peak_bytes(candidate, case.shape, setting), **kept[label]))
    return dict(title=case.title, shape=list(case.shape), stride=case.stride, rows=rows,
                copy=dict(bytes=moved, ms=_samples(copy)))


def _samples(values: list[float]) -> dict[str, Any]:
    """Median and quartiles, and the values of all rounds (to a nanosecond), of which any ratio can be made."""
    return dict(spread(values), rounds=[round(value, 6) for value in values])
