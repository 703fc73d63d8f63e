# Copyright (c) mmtips authors. All rights reserved.
"""What the studies have from the search: learning rates, and iterations of equal training time."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmtips.evidence.cells import Length, Rates, study_rows
from mmtips.evidence.plan import Plan

Row = Mapping[str, Any]


def widened(plan: Plan, rows: Sequence[Row]) -> Rates:
    """The grid of the network, and for an operator that does best at an edge of it one step more: what lies beyond.

    Args:
        plan: The plan.
        rows: The rows of the search, with the whole grid.

    Returns:
        A function of network and operator. A grid of fewer than three rates, of which every one is an edge, stays as it
        is, and so does one of which no rate came to an end.
    """
    seeds = plan.studies['search'].seeds

    def rates(network: str, operator: str) -> tuple[float, ...]:
        grid = tuple(sorted(plan.networks[network].learning_rates))
        own = [row for row in _rows_of(rows, network, operator) if row['learning_rate'] in grid]
        try:
            best = best_rate(own, seeds)
        except ValueError:
            return grid
        if len(grid) < 3 or grid[0] < best < grid[-1]:
            return grid
        last, before = (grid[0], grid[1]) if best == grid[0] else (grid[-1], grid[-2])
        return (*grid, float(f'{last * last / before:.6g}'))

    return rates


def _rows_of(rows: Sequence[Row], network: str, operator: str) -> list[Row]:
    return [row for row in rows if (row['setting'].rpartition('-')[0], row['operator']) == (network, operator)]


def chosen_rates(plan: Plan, rows: Sequence[Row]) -> Rates:
    """The learning rate of every operator in every network, as the search says.

    Args:
        plan: The plan.
        rows: The rows of the search; a training that diverged has none.

    Returns:
        A function of network and operator; a study's own operators are asked for by the name in their ``rate_of``.

    Raises:
        ValueError: If for an operator of the search no rate is left, see :func:`best_rate`.
    """
    seeds, tried, chosen = plan.studies['search'].seeds, widened(plan, rows), {}
    for network, _, padding, name, _ in study_rows(plan, 'search'):
        own = [row for row in _rows_of(rows, network, name) if row['learning_rate'] in tried(network, name)]
        try:
            chosen[network, name] = best_rate(own, seeds)
        except ValueError as error:
            raise ValueError(f'search: {name} in {network}-{padding}: {error}') from error
    operators = dict(plan.operators)
    for study in plan.studies.values():
        operators |= study.extra

    def rates(network: str, operator: str) -> tuple[float, ...]:
        return (chosen[network, operators[operator].rate_of or operator], )

    return rates


def best_rate(rows: Sequence[Row], seeds: Sequence[int]) -> float:
    """The rate with the highest mean score on the validation split; of equal ones the lowest.

    Args:
        rows: The rows of one operator in one network, with ``learning_rate``, ``seed`` and ``score``.
        seeds: The seeds of the search. A rate with which one of them diverged, so that its row is missing, is out.

    Returns:
        The rate.

    Raises:
        ValueError: If no rate has all seeds.
    """
    scores: dict[float, dict[int, float]] = {}
    for row in rows:
        scores.setdefault(row['learning_rate'], {})[row['seed']] = row['score']
    means = {rate: sum(of[seed] for seed in seeds) / len(seeds) for rate, of in scores.items() if set(seeds) <= set(of)}
    if not means:
        raise ValueError(f'expected a learning rate with which all of the seeds {list(seeds)} came to an end, got '
                         f'{ {rate: sorted(of) for rate, of in scores.items()} }: run the search to its end, and if '
                         'all diverged, give the plan lower rates')
    return min(means, key=lambda rate: (-means[rate], rate))


def equal_time(plan: Plan, rows: Sequence[Row], reference: str) -> Length:
    """The iterations that fit into the training time that the reference takes as planned.

    Seconds of an iteration are those of all trainings that are known, sum over sum.

    Args:
        plan: The plan.
        rows: The rows of the final runs if they are there, or of the search, which lacks who has the learning rate of
            another.
        reference: The operator that keeps its iterations.

    Returns:
        A function of network and operator, at least 1.
    """
    def length(network: str, operator: str) -> int:
        planned = plan.networks[network].iterations
        if operator == reference:
            return planned
        costs = [seconds_per_iteration(_rows_of(rows, network, name), f'{name} in {network}')
                 for name in (reference, operator)]
        return max(1, int(planned * costs[0] / costs[1]))

    return length


def seconds_per_iteration(rows: Sequence[Row], what: str) -> float:
    """Seconds per iteration, sum over sum.

    Raises:
        ValueError: If there are no rows, or they took no time.
    """
    seconds, iterations = (sum(row[key] for row in rows) for key in ('seconds', 'iterations'))
    if not rows or seconds <= 0:
        raise ValueError(f'no training time of {what} is known: run the study final first')
    return seconds / iterations
