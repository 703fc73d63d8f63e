# Copyright (c) mmtips authors. All rights reserved.
"""What was aimed at, as data: each goal says of which file and rows its figure comes, and the bound."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from mmtips.benchmark.candidates import LOSSES, PLACEMENTS, RELEASED, RELEASED_LOSSES, STOCK, placed
from mmtips.benchmark.growth import exponent_of
from mmtips.benchmark.reasons import GROWTH, REASONS
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.suites import NETWORK_SUITES, SHAPES
from mmtips.benchmark.tables import find_row
from mmtips.benchmark.timing import ratio

Result = dict[str, Any]


class Goal(NamedTuple):
    """A goal.

    Attributes:
        text: What is aimed at, without the bound.
        suite: The suite whose result decides.
        setting: The setting of that result.
        value: Its figure, of the result.
        bound: What it is held against.
        at_most: Whether the bound is an upper one; else a lower one.
        percent: Whether figure and bound are shares, shown in percent; else factors.
        reason: Why it may be missed, a key of :data:`mmtips.benchmark.reasons.REASONS`; of a kind of goals the same.
    """

    text: str
    suite: str
    setting: Setting
    value: Callable[[Result], float]
    bound: float
    at_most: bool = True
    percent: bool = False
    reason: str | None = None


class Verdict(NamedTuple):
    """What a measurement says about a goal.

    Attributes:
        goal: The goal.
        value: Its figure; None where nothing was measured.
        met: Whether it keeps the bound; None where nothing was measured.
    """

    goal: Goal
    value: float | None
    met: bool | None


def find_case(result: Result, shape: Sequence[int] | None = None) -> dict[str, Any]:
    """The case of this shape, or the only one.

    Raises:
        ValueError: If there is none such.
    """
    cases = [case for case in result['cases'] if shape is None or tuple(case['shape']) == tuple(shape)]
    if len(cases) != 1:
        raise ValueError(f"shape: expected one of {[case['shape'] for case in result['cases']]}, got {shape}")
    return cases[0]


def times_of(result: Result, name: str, reference: str, kind: str, shape: Sequence[int] | None = None) -> float:
    """How often the time of ``reference`` goes into that of ``name``: the median within the rounds."""
    case = find_case(result, shape)
    return ratio(*(find_row(case, row)[f'{kind}_ms']['rounds'] for row in (name, reference)))['median']


def kept_of(result: Result, name: str, reference: str, shape: Sequence[int]) -> float:
    """Bytes kept for the backward, beyond the input, relative to those of ``reference``."""
    case = find_case(result, shape)
    return find_row(case, name)['saved_bytes'] / find_row(case, reference)['saved_bytes']


def share_of(result: Result, name: str, shape: Sequence[int]) -> float:
    """The share of the bandwidth of a copy."""
    return find_row(find_case(result, shape), name)['copy_share']['median']


def overhead_of(result: Result, name: str, reference: str, kind: str) -> float:
    """By which share ``name`` takes longer than ``reference``."""
    return times_of(result, name, reference, kind) - 1


def best_placement(result: Result) -> str:
    """The placement at which TIPS is fastest in eval, relative to the stock network."""
    measured = {row['name'] for row in find_case(result)['rows']}
    names = [name for name in PLACEMENTS if placed('TIPS', name) in measured]
    return min(names, key=lambda name: times_of(result, placed('TIPS', name), STOCK, 'forward'))


def placed_of(result: Result, reference: str | None = None) -> float:
    """TIPS at its best placement relative to the stock network, or to another operator at the same placement."""
    best = best_placement(result)
    other = STOCK if reference is None else placed(reference, best)
    return times_of(result, placed('TIPS', best), other, 'forward')


def _of_layers(setting: Setting) -> list[Goal]:
    goals = []
    for shape in SHAPES:
        where = f"one layer at {' x '.join(map(str, shape))}"
        goals += [
            Goal(f'{where}: eval forward of TIPS / BlurPool', 'layers', setting,
                 partial(times_of, name='TIPS', reference='BlurPool', kind='forward', shape=shape), 2),
            Goal(f'{where}: eval forward of the released operations / TIPS', 'layers', setting,
                 partial(times_of, name=RELEASED, reference='TIPS', kind='forward', shape=shape), 4, at_most=False),
            Goal(f'{where}: training step with both losses, released operations / TIPS', 'layers', setting,
                 partial(times_of, name=RELEASED_LOSSES, reference=LOSSES, kind='step', shape=shape), 2.5,
                 at_most=False)]
    return goals


#: Bytes and exponents say the same with any number of threads.
GOALS: tuple[Goal, ...] = (
    *_of_layers(Setting()),
    *_of_layers(Setting(threads=2)),
    *(Goal(f"one layer at {' x '.join(map(str, shape))}: bytes kept for the backward with both losses, beyond the "
           'input, TIPS / released operations', 'layers', Setting(),
           partial(kept_of, name=LOSSES, reference=RELEASED_LOSSES, shape=shape), 1 / 3) for shape in SHAPES),
    *(Goal(f'cost of TIPS as {axis} grow, exponent, {said}: linear (ours: at most 1.1)', 'growth', Setting(),
           partial(exponent_of, name='TIPS', axis=axis, kind=kind), 1.1, reason=GROWTH[axis])
      for axis in ('pixels', 'channels') for kind, said in (('forward', 'eval forward'), ('step', 'training step'))),
    Goal('DeepLabV3+ R50-D8: eval forward with TIPS at its best placement / strided', 'placements', Setting(),
         placed_of, 1.35),
    Goal('DeepLabV3+ R50-D8: eval forward with TIPS / BlurPool at the same placement', 'placements', Setting(),
         partial(placed_of, reference='BlurPool'), 1.1),
    *(Goal(f"one layer at {' x '.join(map(str, shape))}: share of the copy bandwidth, eval forward of TIPS", 'layers',
           Setting('cuda'), partial(share_of, name='TIPS', shape=shape), 0.6, at_most=False, percent=True)
      for shape in SHAPES),
    *(Goal(f'{suite}: overhead of TIPS over BlurPool, {said}', suite, Setting('cuda'),
           partial(overhead_of, name='TIPS', reference='BlurPool', kind=kind), 0.05, percent=True)
      for suite in NETWORK_SUITES for kind, said in (('forward', 'eval forward'), ('step', 'training step'))),
)


def judge(goals: Sequence[Goal], results: Mapping[str, Result]) -> list[Verdict]:
    """Hold measurements against goals.

    Args:
        goals: The goals.
        results: Benchmark results by ``<suite>-<setting>``.

    Returns:
        A verdict on each goal, in their order.
    """
    verdicts = []
    for goal in goals:
        result = results.get(f'{goal.suite}-{goal.setting.name}')
        value = None if result is None else goal.value(result)
        met = None if value is None else value <= goal.bound if goal.at_most else value >= goal.bound
        verdicts.append(Verdict(goal, value, met))
    return verdicts


def goals_table(verdicts: Sequence[Verdict]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: goal, measurement that decides, bound, measured, met or not."""
    rows = []
    for goal, value, met in verdicts:
        def said(number: float, percent: bool = goal.percent) -> str:
            return f'{100 * number:.1f} %' if percent else f'{number:.2f}'

        bound = f"{'at most' if goal.at_most else 'at least'} {said(goal.bound)}"
        missed = f'**not met**: *{goal.reason}*' if goal.reason in REASONS else '**not met**'
        rows.append([goal.text, f'`{goal.suite}-{goal.setting.name}`', bound,
                     'outstanding' if value is None else said(value),
                     'not measured' if met is None else 'met' if met else missed])
    return ['goal', 'file', 'bound', 'measured', ''], rows


def missed_reasons(verdicts: Sequence[Verdict], results: Mapping[str, Result], profiles: Mapping[str, Result]) -> str:
    """Why goals are missed: a line for each reason that the table names, and how many goals have none.

    Args:
        verdicts: What :func:`judge` said.
        results: Benchmark results by ``<suite>-<setting>``.
        profiles: Profiles by section.

    Returns:
        Markdown; empty where nothing is missed.
    """
    missed = [verdict.goal for verdict in verdicts if verdict.met is False]
    named = dict.fromkeys(goal.reason for goal in missed if goal.reason in REASONS)
    lines = [f'* *{name}*: {REASONS[name](results, profiles)}' for name in named]
    nameless = sum(goal.reason not in REASONS for goal in missed)
    lines += [f'* {nameless} goal(s) are missed for reasons that are not known yet.'] if nameless else []
    return '\n'.join(['Why goals are missed:', '', *lines]) if lines else ''
