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
    paired_difference,
    pooled,
    pooled_difference,
    verdict,
)
from mmtips.report.evidence.studies import BASELINE, Cells, require_operator, tasks_of, values

#: Of the cost of BlurPool: what the form of TIPS that is recommended may cost at most.
COST = 2.


def differences(cells: Cells, measure: Measure, baseline: str, where: str) -> dict[str, Difference]:
    """Every operator of a setting against one of them, adjusted over the operators.

    Args:
        cells: The rows of the setting.
        measure: What is compared.
        baseline: The operator that the others are compared with.
        where: Name of study and setting, for the error.

    Returns:
        By operator, without the baseline and without operators that lack the measure.

    Raises:
        ValueError: If the baseline is missing, or a seed on one side; the message names the cell.
    """
    require_operator(cells, baseline, where)
    reference = values(cells[baseline], measure)
    if reference is None:
        return {}
    found = {name: values(rows, measure) for name, rows in cells.items() if name != baseline}
    return adjust({name: paired_difference(of, reference, f'{where}, {name} against {baseline}, {measure.heading}')
                   for name, of in found.items() if of is not None})


@dataclass(frozen=True)
class Pooled:
    """An operator against the baseline over the settings of a task that have both."""

    difference: Difference
    settings: tuple[str, ...]


def pooled_differences(settings: Mapping[str, Cells], measure: Measure, baseline: str, where: str) -> dict[str, Pooled]:
    """Every operator against one of them over settings, adjusted over the operators.

    Args:
        settings: The settings of one task.
        measure: What is compared.
        baseline: The operator that the others are compared with; every setting has it.
        where: Name of the study, for the error.

    Returns:
        By operator, without the baseline.

    Raises:
        ValueError: As :func:`differences` and :func:`mmtips.report.evidence.statistics.pooled_difference`.
    """
    found, places = {}, {}
    for setting, cells in settings.items():
        require_operator(cells, baseline, f'{where}, {setting}')
    for name in dict.fromkeys(name for cells in settings.values() for name in cells if name != baseline):
        own = {setting: values(cells[name], measure) for setting, cells in settings.items() if name in cells}
        known = {setting: of for setting, of in own.items() if of is not None}
        reference = {setting: of for setting in known if (of := values(settings[setting][baseline], measure))}
        if known and len(reference) == len(known):
            found[name] = pooled_difference(known, reference, f'{where}, {name} against {baseline}, {measure.heading}')
            places[name] = tuple(known)
    return {name: Pooled(of, places[name]) for name, of in adjust(found).items()}


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
    """An operator against BlurPool in one task, over its settings, with the verdicts that decide."""

    name: str
    score: Pooled
    consistency: Pooled
    cost: float

    @property
    def verdicts(self) -> tuple[str, str]:
        """Of the score and of the consistency."""
        return verdict(self.score.difference), verdict(self.consistency.difference)

    @property
    def clears(self) -> bool:
        """Whether it is better in one, worse in none, and costs at most :data:`COST` times BlurPool's training."""
        return BETTER in self.verdicts and WORSE not in self.verdicts and self.cost <= COST


def judge_task(settings: Mapping[str, Cells], task: str, where: str) -> list[Judged]:
    """Hold every operator of a task against the bar.

    Args:
        settings: All settings of a study.
        task: One of the tasks.
        where: Name of the study, for errors.

    Returns:
        One for each operator but BlurPool, in the order of the study; empty where the task has no setting.
    """
    names = tasks_of(settings).get(task, [])
    own = {name: settings[name] for name in names}
    if not own:
        return []
    score, consistency = (pooled_differences(own, measure, BASELINE, where) for measure in (SCORE[task], PRIMARY[task]))
    return [Judged(name, score[name], consistency[name], cost_ratio(own, name)) for name in score
            if name in consistency]
