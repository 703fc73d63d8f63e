# Copyright (c) mmtips authors. All rights reserved.
"""The tables of the evidence in Markdown. They print numbers, and verdicts that follow from them; no conclusions."""

from collections.abc import Callable, Mapping

from mmtips.report.columns import MISSING
from mmtips.report.evidence.checks import chosen_rates
from mmtips.report.evidence.comparison import (
    Judged,
    against_all,
    against_controls,
    cost_ratio,
    differences,
    judge_controls,
    judge_task,
)
from mmtips.report.evidence.measures import CIRCULAR, ITERATIONS, PRIMARY, SCORE, Measure, measures
from mmtips.report.evidence.statistics import UNTOLD, Difference, Estimate, verdict
from mmtips.report.evidence.studies import (
    BASELINE,
    Cells,
    comparable,
    estimated,
    rows_of,
    tasks_of,
)
from mmtips.report.evidence.words import standings
from mmtips.report.schemas import Result
from mmtips.report.tables import markdown_table


def said_estimate(found: Estimate | None, measure: Measure) -> str:
    """A mean with half the width of its interval; the half is left out where there is one seed, or nothing varies."""
    if found is None:
        return MISSING
    text = f'{found.value:,.{measure.digits}f}'
    return text if not found.half else f'{text} ± {found.half:,.{measure.digits}f}'


def said_difference(found: Difference | None, good: str = 'highest', digits: int = 1) -> str:
    """A difference with its interval and its verdict."""
    if found is None:
        return MISSING
    word = verdict(found, good)
    return f'{said_bounds(found, digits)} {word if word == UNTOLD else f"**{word}**"}'


def said_bounds(found: Difference | None, digits: int = 1) -> str:
    """A difference with its interval alone."""
    if found is None:
        return MISSING
    of = found.mean
    bounds = 'one seed' if of.low is None else f'{of.low:+.{digits}f} to {of.high:+.{digits}f}'
    return f'{of.value:+.{digits}f} ({bounds})'


def ordered(cells: Cells, measure: Measure) -> list[str]:
    """The operators of a setting, the highest mean first."""
    means = {name: estimated(rows, measure) for name, rows in cells.items()}
    return sorted(cells, key=lambda name: (-(of.value if (of := means[name]) else -1), name))


def compared(task: str) -> list[Measure]:
    """What is compared between operators in a setting of this task."""
    return [SCORE[task], PRIMARY[task], CIRCULAR[task]]


def fair_table(cells: Cells) -> str:
    """All measures of a setting: a line for each operator, the best score first; iterations where they differ."""
    rows = rows_of(cells)
    differ = len({row['iterations'] for row in rows}) > 1
    shown = measures(rows) + ([ITERATIONS] if differ else [])
    lines = [[name, str(len(cells[name])), *(said_estimate(estimated(cells[name], measure), measure)
                                             for measure in shown)] for name in ordered(cells, shown[0])]
    return markdown_table(['operator', 'seeds', *(measure.heading for measure in shown)], lines)


def difference_table(setting: str, cells: Cells, baseline: str, where: str) -> str:
    """Every operator of a setting against one of them, paired over seeds, with verdicts and cost."""
    shown, own = compared(rows_of(cells)[0]['task']), {setting: cells}
    pairs = against_all(own, baseline, where)
    columns = [differences(own, measure, pairs, where) for measure in shown]
    lines = [[name, *(said_difference(of.get(name), measure.good) for of, measure in zip(columns, shown, strict=True)),
              f'{cost_ratio(own, name, baseline):.2f}']
             for name in ordered(cells, shown[0]) if name != baseline]
    headings = [f'against {baseline}', *(measure.heading for measure in shown), f'training s / {baseline}']
    return markdown_table(headings, lines)


def pooled_table(settings: Mapping[str, Cells], task: str, where: str) -> str:
    """Every operator against BlurPool over the settings of a task, whether it clears the bar, and who is what."""
    own = tasks_of(settings)[task]
    circular = differences(own, CIRCULAR[task], against_all(own, BASELINE, where), where)
    judged = judge_task(settings, task, where).values()
    lines = [[of.name, *_pooled_line(of, circular, len(own)), 'yes' if of.clears else 'no']
             for of in sorted(judged, key=lambda of: -of.score.mean.value)]
    table = markdown_table([f'{task}, against {BASELINE}', *_pooled_headings(task, BASELINE), 'clears the bar'], lines)
    return f'{table}\n\nAgainst {BASELINE} in {task}: {standings(judged, task)}.'


def pooled_control_table(settings: Mapping[str, Cells], task: str, where: str) -> str:
    """Operators against their controls over the settings of a task, adjusted together; empty if none has one."""
    own = tasks_of(settings)[task]
    circular = differences(own, CIRCULAR[task], against_controls(own), where)
    lines = [[of.name, of.other, *_pooled_line(of, circular, len(own)), 'yes' if of.gains else 'no']
             for of in judge_controls(settings, task, where).values()]
    return markdown_table([f'{task}: against its control', 'control', *_pooled_headings(task, 'that'), 'gains on it'],
                          lines) if lines else ''


def _pooled_line(of: Judged, circular: Mapping[str, Difference], everywhere: int) -> list[str]:
    return [f'{len(of.score.settings)} of {everywhere}', said_difference(of.score), said_difference(of.consistency),
            said_difference(circular.get(of.name)), f'{of.cost:.2f}']


def _pooled_headings(task: str, other: str) -> list[str]:
    return ['settings', *(measure.heading for measure in compared(task)), f'training s / {other}']


def rate_table(search: Result) -> str:
    """Mean validation scores of the learning rates that were tried, a table for each network, the chosen in bold."""
    found, tables = chosen_rates(search), []
    for network in dict.fromkeys(network for network, _ in found):
        own = {name: of for (place, name), of in found.items() if place == network}
        rates = sorted({rate for of in own.values() for rate in of.scores})
        lines = []
        for name, of in own.items():
            scores = [f'{100 * of.scores[rate]:.1f}' if rate in of.scores else MISSING for rate in rates]
            marked = [f'**{text}**' if rate == of.best else text for rate, text in zip(rates, scores, strict=True)]
            lines.append([name, *marked, f'{of.best:g}{" (edge)" if of.at_the_edge else ""}'])
        tables.append(markdown_table([f'{network}: score at', *(f'{rate:g}' for rate in rates), 'chosen'], lines))
    return '\n\n'.join(tables)


def control_table(study: Result, said: Callable[[Difference | None], str] = said_difference) -> str:
    """Operators against their controls, such as those with the same additions: what they gain over these is their own.

    Args:
        study: A study.
        said: How a difference is written, which is adjusted over the rows of a setting.

    Returns:
        Markdown: a table for each setting in which an operator has a control; empty if none has.
    """
    tables = []
    for setting, cells in comparable(study).items():
        own, shown = {setting: cells}, compared(rows_of(cells)[0]['task'])
        pairs = {name: control for name, control in against_controls(own).items() if control in cells}
        columns = [differences(own, measure, pairs, study['study']) for measure in shown]
        lines = [[name, control, *(said(of.get(name)) for of in columns),
                  f'{cost_ratio(own, name, control):.2f}'] for name, control in pairs.items()]
        if lines:
            tables.append(markdown_table([f'{setting}: against its control', 'control', *(
                measure.heading for measure in shown), 'training s / that'], lines))
    return '\n\n'.join(tables)
