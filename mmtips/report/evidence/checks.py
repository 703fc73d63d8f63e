# Copyright (c) mmtips authors. All rights reserved.
"""What the protocol asks of the runs themselves: rates that were searched for, enough seeds, and flat curves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmtips.report.evidence.measures import Row
from mmtips.report.evidence.statistics import Estimate, mean_interval
from mmtips.report.evidence.studies import BASELINE, by_setting, comparable, network
from mmtips.report.schemas import Result

#: A curve is flat if the validation score rises by less than this over the last part of the training.
FLAT, LAST = 0.01, 0.25
#: As few seeds as a fair table may have.
SEEDS = 5


@dataclass(frozen=True)
class Rates:
    """The learning rates that were tried for an operator in a setting: mean validation scores, and the best one."""

    scores: dict[float, float]
    best: float

    @property
    def at_the_edge(self) -> bool:
        """Whether no rate was tried beyond the best one on one side, so that a better one may lie there."""
        return self.best in (min(self.scores), max(self.scores))


def chosen_rates(search: Result) -> dict[tuple[str, str], Rates]:
    """The rate of the highest mean validation score over the seeds; of equal ones the lowest.

    A rate at which a training diverged is out. The paddings of a network share a search.

    Args:
        search: The study ``'search'``.

    Returns:
        By network and operator, in the order of the study.

    Raises:
        ValueError: If a training is missing that did not diverge; the message names it.
    """
    diverged = {(network(of['setting']), of['operator'], of['learning_rate'], of['seed']) for of in search['diverged']}
    tried: dict[tuple[str, str], dict[float, dict[int, float]]] = {}
    for row in search['rows']:
        rates = tried.setdefault((network(row['setting']), row['operator']), {})
        rates.setdefault(row['learning_rate'], {})[row['seed']] = row['score']
    found = {}
    for key, rates in tried.items():
        seeds = {seed for of in rates.values() for seed in of}
        for rate, of in rates.items():
            missing = [seed for seed in sorted(seeds - set(of)) if (*key, rate, seed) not in diverged]
            if missing:
                raise ValueError(f"search, {', '.join(key)}, learning rate {rate:g}: seeds {missing} are missing: run "
                                 'the search to its end with tools/evidence.py')
        scores = {rate: mean_interval(list(rates[rate].values())).value for rate in sorted(rates)
                  if not any((*key, rate, seed) in diverged for seed in seeds)}
        if not scores:
            raise ValueError(f"search, {', '.join(key)}: a training diverged at every learning rate: give the plan "
                             'lower ones')
        found[key] = Rates(scores, max(scores, key=lambda rate, of=scores: (of[rate], -rate)))  # type: ignore[misc]
    return found


def last_gain(rows: Sequence[Row]) -> Estimate | None:
    """How far the validation score rises over the last quarter of the training, over seeds.

    Args:
        rows: Of one setting and operator, one for each seed.

    Returns:
        The last score less the one at the last point that is not later than three quarters of the iterations; None
        where a curve has no such point, or a single one.
    """
    gains = []
    for row in rows:
        early = [value for iteration, value in row['curve'] if iteration <= (1 - LAST) * row['iterations']]
        if not early or len(row['curve']) < 2:
            return None
        gains.append(row['curve'][-1][1] - early[-1])
    return mean_interval(gains)


def convergence(result: Result) -> dict[tuple[str, str], Estimate | None]:
    """:func:`last_gain` for each setting and operator of a study that are compared."""
    return {(setting, name): last_gain(list(of.values())) for setting, cells in comparable(result).items()
            for name, of in cells.items()}


def is_flat(gain: Estimate | None) -> bool | None:
    """Whether the mean rise is below :data:`FLAT`; None where it is not known."""
    return None if gain is None else gain.value < FLAT


def departures(final: Result, search: Result | None) -> list[str]:
    """Where the runs are not what the protocol asks for, in words; what there is none of, is not said.

    Args:
        final: A study of the test split.
        search: The study ``'search'``, if there is one.

    Returns:
        A sentence for each departure.
    """
    said = [f"{of['setting']}, {of['operator']}, seed {of['seed']}: diverged ({of['reason']}); "
            + ('the seed is left out for all' if of['operator'] == BASELINE else 'the operator is not compared there')
            for of in final['diverged']]
    planned, done = final['protocol'].get('cells'), len(final['rows']) + len(final['diverged'])
    if planned not in (None, done):
        said.append(f'{done} of {planned} planned trainings are in the file')
    if search is None:
        said.append('the learning rates are not held against a search, of which there is no file')
    return said + _short(final) + _other_rates(final, search) + _rising(final)


def _short(final: Result) -> list[str]:
    """Cells of fewer seeds than the protocol has, together where they have the same number."""
    counts: dict[int, list[str]] = {}
    for setting, cells in comparable(final).items():
        for name, of in cells.items():
            counts.setdefault(len(of), []).append(f'{setting}, {name}')
    return [f"{'; '.join(names) if len(counts) > 1 else 'all cells'}: {count} seed(s), fewer than {SEEDS}"
            for count, names in counts.items() if count < SEEDS]


def _other_rates(final: Result, search: Result | None) -> list[str]:
    """Cells that were trained at another rate than the search chose for them."""
    rates, said = {} if search is None else chosen_rates(search), []
    for setting, cells in by_setting(final).items():
        for name, of in cells.items():
            trained = sorted({row['learning_rate'] for row in of.values()})
            chosen = rates.get((network(setting), name))
            if chosen is not None and trained != [chosen.best]:
                said.append(f'{setting}, {name}: trained at {trained}, and the search chose {chosen.best:g}')
    return said


def _rising(final: Result) -> list[str]:
    """Cells whose validation score still rises, counted for each setting, and those without a curve by name."""
    gains, said = convergence(final), []
    for setting in comparable(final):
        own = {name: gain for (place, name), gain in gains.items() if place == setting}
        steep = [gain.value for gain in own.values() if gain is not None and not is_flat(gain)]
        if steep:
            said.append(f'{setting}: {len(steep)} of {len(own)} cells still rise by {100 * FLAT:g} point or more over '
                        f'the last quarter, by {100 * math.fsum(steep) / len(steep):.1f} in the mean')
        said += [f'{setting}, {name}: has no curve over the last quarter' for name, gain in own.items() if gain is None]
    return said
