# Copyright (c) mmtips authors. All rights reserved.
"""Time calls against each other within one run.

Times on a shared machine drift by far more than candidates differ. So every round runs all of them in turn, and what is
reported beside the median times is the median of the ratios *within* the rounds.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import torch

from mmtips.report.cost import elapsed_ms

Key = TypeVar('Key')
#: A sample lasts at least so long, by as many calls as that takes: one of microseconds would time the clock.
SAMPLE_MS = 5.0
MOST_CALLS = 200


class Job(NamedTuple):
    """What is timed.

    Attributes:
        call: The call.
        prepare: Called before, outside the time.
    """

    call: Callable[[], Any]
    prepare: Callable[[], Any] = lambda: None


def interleave(jobs: Mapping[Key, Job], device: torch.device, rounds: int = 11,
               progress: Callable[[int], None] | None = None) -> dict[Key, list[float]]:
    """Time jobs round by round, in an order that turns with the rounds.

    Round 0 warms up: what a job takes there says how many calls make a sample of at least
    :data:`SAMPLE_MS` (at most :data:`MOST_CALLS`).

    Args:
        jobs: The jobs by any key.
        device: Where they run; a GPU is waited for before and after a sample.
        rounds: Timed rounds, at least 2.
        progress: Called with the number of each finished round, from 0.

    Returns:
        For each job the milliseconds of one call, one value per round.

    Raises:
        ValueError: If the rounds are too few.
    """
    if rounds < 2:
        raise ValueError(f'rounds: expected at least 2, got {rounds}')
    keys = list(jobs)
    calls = {key: _calls(jobs[key], device) for key in keys}
    times: dict[Key, list[float]] = {key: [] for key in keys}
    if progress is not None:
        progress(0)
    for turn in range(1, rounds + 1):
        for key in keys[turn % len(keys):] + keys[:turn % len(keys)]:
            times[key].append(_sample(jobs[key], calls[key], device))
        if progress is not None:
            progress(turn)
    return times


def _calls(job: Job, device: torch.device) -> int:
    once = _sample(job, 1, device)
    return max(1, min(MOST_CALLS, math.ceil(SAMPLE_MS / max(once, 1e-6))))


def _sample(job: Job, calls: int, device: torch.device) -> float:
    job.prepare()
    job.call()  # after another job all of them are slow once, which would count more where a sample is one call
    if device.type == 'cuda':
        torch.cuda.synchronize(device)

    def call() -> None:
        for _ in range(calls):
            job.call()

    return elapsed_ms(call, device) / calls


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and quartiles (inclusive) of at least two values, as ``median``, ``low`` and ``high``."""
    low, median, high = statistics.quantiles(values, n=4, method='inclusive')
    return dict(median=median, low=low, high=high)


def ratio(times: Sequence[float], reference: Sequence[float]) -> dict[str, float]:
    """Median and quartiles over the rounds of the times relative to those of another job in the same rounds.

    Args:
        times: Milliseconds, one value per round.
        reference: The same of the other job.

    Returns:
        ``median``, ``low`` and ``high``.
    """
    return spread([a / b for a, b in zip(times, reference, strict=True)])
