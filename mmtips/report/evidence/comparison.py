# Copyright (c) mmtips authors. All rights reserved.
"""Operators against one of them, in one setting and over settings, and the bar that a recommendation has to clear."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mmtips.report.evidence.measures import PRIMARY, SCORE, Measure
from mmtips.report.evidence.statistics import (
    BETTER,
    WORSE,
    Difference,
    Estimate,
    adjust,
    mean_interval,
    pooled,
    pooled_difference,
    verdict,
)
from mmtips.report.evidence.studies import BASELINE, Cells, require_operator, tasks_of, values

#: Of the cost of BlurPool: what the form of TIPS that is recommended may cost at most.
COST = 2.
#: Points that a measure may have lost at most, for all that its interval says, if another one is said to be gained.
HARM = 1.


def against_all(settings: Mapping[str, Cells], baseline: str, where: str) -> dict[str, str]:
    """Every operator with the baseline; a ValueError that names the place if a setting lacks that."""
    for setting, cells in settings.items():
        require_operator(cells, baseline, f'{where}, {setting}')
    return {name: baseline for cells in settings.values() for name in cells if name != baseline}


def against_controls(settings: Mapping[str, Cells]) -> dict[str, str]:
    """The operators that have a control, with it, even where it is not beside them."""
    named = {name: next(iter(rows.values()))['control'] for cells in settings.values() for name, rows in cells.items()
             if rows}
    return {name: control for name, control in named.items() if control is not None}


def differences(settings: Mapping[str, Cells], measure: Measure, pairs: Mapping[str, str],
                where: str) -> dict[str, Difference]:
    """Operators, each against another one, over the settings that have both, adjusted over the operators.

    Args:
        settings: One setting, or several of one task.
        measure: What is compared.
        pairs: By operator the other one, see :func:`against_all` and :func:`against_controls`.
        where: Name of the study, for the error.

    Returns:
        By operator; without those for which no setting has the measure of both.

    Raises:
        ValueError: As :func:`mmtips.report.evidence.statistics.pooled_difference`; the message names the cell.
    """
    found = {}
    for name, other in pairs.items():
        both = {setting: [values(cells[of], measure) for of in (name, other)] for setting, cells in settings.items()
                if name in cells and other in cells}
        known = {setting: (own, reference) for setting, (own, reference) in both.items() if own and reference}
        if known:
            found[name] = pooled_difference({setting: of[0] for setting, of in known.items()},
                                            {setting: of[1] for setting, of in known.items()},
                                            f'{where}, {name} against {other}, {measure.heading}')
    return adjust(found)


def pooled_means(settings: Mapping[str, Cells], measure: Measure) -> dict[str, Estimate]:
    """The mean over settings for each operator that all of them have, with its interval over seeds."""
    common = [name for name in next(iter(settings.values())) if all(name in cells for cells in settings.values())]
    means = {}
    for name in common:
        known = {setting: of for setting, cells in settings.items() if (of := values(cells[name], measure))}
        if len(known) == len(settings):
            means[name] = mean_interval(list(pooled(known, f'{name}, {measure.heading}').values()))
    return means


def cost_ratio(settings: Mapping[str, Cells], name: str, baseline: str = BASELINE) -> float:
    """Seconds of all trainings of an operator over those of the baseline, in the settings that have both."""
    both = [cells for cells in settings.values() if name in cells and baseline in cells]
    sums = [math.fsum(row['seconds'] for cells in both for row in cells[operator].values())
            for operator in (name, baseline)]
    return sums[0] / sums[1]


@dataclass(frozen=True)
class Judged:
    """An operator against another one in one task, over their settings, with the verdicts that decide."""

    name: str
    other: str
    score: Difference
    consistency: Difference
    cost: float

    @property
    def verdicts(self) -> tuple[str, str]:
        """Of the score and of the consistency."""
        return verdict(self.score), verdict(self.consistency)

    @property
    def gains(self) -> bool:
        """Whether it is better in one and worse in none, and no interval reaches a loss of :data:`HARM`.

        Intervals are not adjusted: an adjustment, which guards against gains that are none, would hide losses.
        """
        lows = [of.mean.low for of in (self.score, self.consistency)]
        return BETTER in self.verdicts and WORSE not in self.verdicts and all(
            low is not None and low > -HARM for low in lows)

    @property
    def clears(self) -> bool:
        """Whether it gains and costs at most :data:`COST` times the other's training."""
        return self.gains and self.cost <= COST

    def covers(self, other: 'Judged') -> bool:
        """Whether it was judged wherever another comparison was."""
        return set(self.score.settings) >= set(other.score.settings)


def judge_task(settings: Mapping[str, Cells], task: str, where: str) -> dict[str, Judged]:
    """Hold every operator of a task against BlurPool.

    Args:
        settings: All settings of a study.
        task: One of the tasks.
        where: Name of the study, for errors.

    Returns:
        By operator, all but BlurPool, in the order of the study; empty where the task has no setting.
    """
    own = tasks_of(settings).get(task, {})
    return _judge(own, task, against_all(own, BASELINE, where), where)


def judge_controls(settings: Mapping[str, Cells], task: str, where: str) -> dict[str, Judged]:
    """Hold every operator of a task that has a control against it: what it gains there is its own.

    Args:
        settings: All settings of a study.
        task: One of the tasks.
        where: Name of the study, for errors.

    Returns:
        By operator.
    """
    own = tasks_of(settings).get(task, {})
    return _judge(own, task, against_controls(own), where)


def _judge(settings: Mapping[str, Cells], task: str, pairs: Mapping[str, str], where: str) -> dict[str, Judged]:
    score, consistency = (differences(settings, measure, pairs, where)
                          for measure in (SCORE[task], PRIMARY[task]))
    return {name: Judged(name, pairs[name], score[name], consistency[name], cost_ratio(settings, name, pairs[name]))
            for name in score if name in consistency}
