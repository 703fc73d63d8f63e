# Copyright (c) mmtips authors. All rights reserved.
"""What longer trainings give, operator by operator, and whether they change the order."""

from collections.abc import Mapping
from typing import Any

from mmtips.report.evidence.checks import FLAT, last_gain
from mmtips.report.evidence.measures import PRIMARY, SCORE, Measure, Row
from mmtips.report.evidence.statistics import mean_interval, paired_difference
from mmtips.report.evidence.studies import Cells, comparable, rows_of, values
from mmtips.report.evidence.tables import said_bounds
from mmtips.report.schemas import Result
from mmtips.report.tables import markdown_table

Pair = tuple[Mapping[int, Row], Mapping[int, Row]]


def length_table(final: Result, longer: Result) -> str:
    """The gain of each operator over its seeds in the final runs, its place in both, and whether it is flat now.

    Args:
        final: The study ``'final'``.
        longer: The study ``'longer'``.

    Returns:
        Markdown: a table for each setting that both have.
    """
    before = comparable(final)
    return '\n\n'.join(_table(setting, before[setting], cells) for setting, cells in comparable(longer).items()
                       if setting in before)


def _table(setting: str, before: Cells, after: Cells) -> str:
    pairs = {name: _common(before[name], of) for name, of in after.items() if name in before}
    task = rows_of(after)[0]['task']
    lines: list[list[Any]] = [[name, str(len(of[1])), *(text for measure in (SCORE[task], PRIMARY[task])
                                                         for text in _moved(name, pairs, measure)), _rise(of[1])]
                              for name, of in pairs.items()]
    headings = [text for measure in (SCORE[task], PRIMARY[task]) for text in (measure.heading, 'place')]
    return markdown_table([f'{setting}: longer less final', 'seeds', *headings, 'rise over the last quarter'], lines)


def _common(first: Mapping[int, Row], second: Mapping[int, Row]) -> Pair:
    """The rows of the seeds that both have."""
    seeds = [seed for seed in second if seed in first]
    return {seed: first[seed] for seed in seeds}, {seed: second[seed] for seed in seeds}


def _moved(name: str, pairs: Mapping[str, Pair], measure: Measure) -> tuple[str, str]:
    """How far an operator rose in a measure, and from which place to which among those of the table."""
    before, after = ({other: values(of[side], measure) for other, of in pairs.items()} for side in (0, 1))
    if any(not of for side in (before, after) for of in side.values()):
        return '-', '-'
    found = paired_difference(after[name] or {}, before[name] or {}, f'longer, {name}, {measure.heading}')
    return said_bounds(found), ' to '.join(str(_place(name, side)) for side in (before, after))


def _place(name: str, side: Mapping[str, Mapping[int, float] | None]) -> int:
    means = {other: mean_interval(list((of or {}).values())).value for other, of in side.items()}
    return 1 + sum(mean > means[name] for mean in means.values())


def _rise(rows: Mapping[int, Row]) -> str:
    gain = last_gain(list(rows.values()))
    return '-' if gain is None else f'{100 * gain.value:+.1f}{"" if gain.value < FLAT else " (not flat)"}'
