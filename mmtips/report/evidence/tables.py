# Copyright (c) mmtips authors. All rights reserved.
"""The tables of the evidence in Markdown. They print numbers, and verdicts that follow from them; no conclusions."""

from collections.abc import Callable, Mapping
from typing import Any

from mmtips.notation import written
from mmtips.report.columns import MISSING
from mmtips.report.evidence.checks import chosen_rates
from mmtips.report.evidence.comparison import (
    against_all,
    against_controls,
    cost_ratio,
    differences,
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
    """Every operator against BlurPool over the settings of a task, and whether it clears the bar."""
    own = {name: settings[name] for name in tasks_of(settings)[task]}
    circular = differences(own, CIRCULAR[task], against_all(own, BASELINE, where), where)
    judged = sorted(judge_task(settings, task, where), key=lambda of: -of.score.mean.value)
    lines = [[of.name, f'{len(of.score.settings)} of {len(own)}', said_difference(of.score),
              said_difference(of.consistency), said_difference(circular.get(of.name)), f'{of.cost:.2f}',
              'yes' if of.clears else 'no'] for of in judged]
    return markdown_table([f'{task}, against {BASELINE}', 'settings', *(measure.heading for measure in compared(task)),
                           f'training s / {BASELINE}', 'clears the bar'], lines)


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


def variant_table(study: Result, baseline: str) -> str:
    """Configurations against one of them: what each changes, and the differences in score and consistency.

    Intervals without verdicts: few seeds and many rows, from which nothing is concluded that is not tested elsewhere.

    Args:
        study: The study ``'ablation'`` or ``'variants'``.
        baseline: The configuration that the others are compared with, in every setting.

    Returns:
        Markdown: a table for each setting.
    """
    tables = []
    for setting, cells in comparable(study, baseline).items():
        own, shown = {setting: cells}, compared(rows_of(cells)[0]['task'])
        pairs = against_all(own, baseline, study['study'])
        columns, lines = [differences(own, measure, pairs, study['study']) for measure in shown], []
        # The baseline stands first, since the others are described by what they change in it.
        for name in sorted(cells, key=lambda other: other != baseline):
            told = [said_estimate(estimated(cells[name], measure), measure) if name == baseline else
                    said_bounds(of.get(name)) for of, measure in zip(columns, shown, strict=True)]
            config = said_config(config_of(cells[name]), config_of(cells[baseline]) if name != baseline else {})
            lines.append([name, config, str(len(cells[name])), *told,
                          f'{cost_ratio(own, name, baseline):.2f}'])
        tables.append(markdown_table([f'{setting}, against {baseline}', 'config of the operator', 'seeds',
                                      *(measure.heading for measure in shown), f'training s / {baseline}'], lines))
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


def config_of(rows: Mapping[int, Any]) -> dict[str, Any]:
    """The config of an operator, that of its first seed."""
    return dict(next(iter(rows.values()))['config'] or {})


def said_config(config: Mapping[str, Any], baseline: Mapping[str, Any]) -> str:
    """A config as Markdown code; of another form of the baseline's operator only what differs.

    Losses are no part of it: the name of a row says what it changes there.
    """
    relative = bool(config) and config.get('type') == baseline.get('type')
    own = {key: value for key, value in config.items() if not relative or baseline.get(key, ...) != value}
    said = [f'{key}={written(value)}' for key, value in own.items()]
    said += [f'no {key}' for key in baseline if relative and key not in config]
    return f"`{', '.join(said)}`" if said else f"as {baseline['type']}" if relative else 'none'
