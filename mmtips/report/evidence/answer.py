# Copyright (c) mmtips authors. All rights reserved.
"""The answer to "should I use TIPS, and which?", from numbers alone: another result gives another answer."""

from collections.abc import Collection, Mapping

from mmtips.report.evidence.comparison import (
    COST,
    HARM,
    Judged,
    against_all,
    against_controls,
    differences,
    judge_controls,
    judge_task,
)
from mmtips.report.evidence.measures import PRIMARY, SCORE
from mmtips.report.evidence.statistics import BETTER, UNTOLD, WORSE
from mmtips.report.evidence.studies import BASELINE, PUBLISHED, Cells, rows_of, tasks_of
from mmtips.report.evidence.tables import said_difference
from mmtips.report.evidence.words import against, joined

#: Circular consistency from here on is written as 100.0 %.
EXACT = 0.9995
#: By whether a better and a worse are among the verdicts.
HEADLINES = {
    (True, True): f'{BETTER} in some, {WORSE} in others; read which',
    (True, False): f'{BETTER} in some, {WORSE} in none',
    (False, True): f'no: {WORSE} in some, {BETTER} in none',
    (False, False): f'no reason to: {UNTOLD} anywhere',
}


def answer(settings: Mapping[str, Cells], where: str) -> str:
    """Two paragraphs: TIPS as published, and what to take.

    Args:
        settings: All settings of the study ``'final'``.
        where: Name of the study, for errors.

    Returns:
        Markdown.
    """
    judged = {task: judge_task(settings, task, where) for task in tasks_of(settings)}
    return f'{published(judged)}\n\n{which(judged, settings, where)} {exact(settings, where)}'


def recommendation(settings: Mapping[str, Cells], where: str) -> str:
    """The second paragraph's first half alone: what to take."""
    return which({task: judge_task(settings, task, where) for task in tasks_of(settings)}, settings, where)


def published(judged: Mapping[str, Collection[Judged]]) -> str:
    """TIPS as published against BlurPool, in each task.

    Args:
        judged: By task, what :func:`mmtips.report.evidence.comparison.judge_task` says of the operators.

    Returns:
        A paragraph.
    """
    found = {task: of for task, all_of in judged.items() for of in all_of if of.name == PUBLISHED}
    if not found:
        return f'**Should I use TIPS as published?** It was not measured beside {BASELINE}.'
    words = {word for of in found.values() for word in of.verdicts}
    said = [f'In {task}, over {joined(of.score.settings)}: {_figures(of, task)}.' for task, of in found.items()]
    return f'**Should I use TIPS as published?** Against {BASELINE}, in score and consistency: ' \
           f'**{HEADLINES[BETTER in words, WORSE in words]}**. {" ".join(said)}'


def which(judged: Mapping[str, Collection[Judged]], settings: Mapping[str, Cells], where: str) -> str:
    """Which forms of TIPS clear the bar by a gain of their own, which by what is added to them, and who else does.

    Args:
        judged: By task, what :func:`mmtips.report.evidence.comparison.judge_task` says of the operators.
        settings: All settings of the study.
        where: Name of the study, for errors.

    Returns:
        A paragraph.
    """
    said = [sentence for task, of_task in judged.items() for sentence in _choice(of_task, task, settings, where)]
    return f'**Which?** The bar: {BETTER} than {BASELINE} in score or consistency, {WORSE} in neither, in the mean ' \
           f'over the settings, both intervals above {-HARM:+.1f} points, at no more than {COST:g} times its ' \
           f'training time. {" ".join(said)}'


def _choice(judged: Collection[Judged], task: str, settings: Mapping[str, Cells], where: str) -> list[str]:
    """Sentences about a task: what to take, and what else clears the bar."""
    own_settings = {name: settings[name] for name in tasks_of(settings)[task]}
    controls = judge_controls(settings, task, where)
    clearing = _ranked([of for of in judged if of.clears], len(own_settings))
    owed = _owed(clearing, against_controls(own_settings), controls)
    told = {of.name: f'{_where(of, len(own_settings))}: {_figures(of, task)}.{_controlled(controls.get(of.name), task)}'
            for of in clearing}
    free = [of.name for of in clearing if of.name not in owed]
    forms = [name for name in free if is_tips(name, settings)]
    first = next(iter(forms or free), None)
    count = sum(is_tips(of.name, settings) for of in judged)
    head = '' if forms else f'no form of TIPS of the {count} measured clears it by a gain of its own: '
    said = [f'In {task}, {head}' + (f'take **{first}**{told[first]}' if first else f'stay with **{BASELINE}**.')]
    return said + [f"{of.name} clears it too{owed.get(of.name, '')}{told[of.name]}" for of in clearing
                   if of.name != first]


def _owed(clearing: Collection[Judged], named: Mapping[str, str], controls: Mapping[str, Judged]) -> dict[str, str]:
    """Of those that have a control and no gain on it, or none that is known everywhere, which it is, in a clause."""
    beside = {of.name: control for of in clearing if (control := controls.get(of.name)) and control.covers(of)}
    return {name: f", {'with no gain on' if name in beside else 'but not everywhere beside'} {named[name]}, which has "
            'the same additions' for name in (of.name for of in clearing)
            if name in named and not (name in beside and beside[name].gains)}


def _ranked(judged: Collection[Judged], everywhere: int) -> list[Judged]:
    """The largest gain in consistency first, but nothing measured in some of the settings before what was in all."""
    return sorted(judged, key=lambda of: (len(of.score.settings) < everywhere, -of.consistency.mean.value))


def _controlled(of: Judged | None, task: str) -> str:
    """How an operator does beside its control, in a sentence with a space before it; nothing for one without."""
    if of is None:
        return ''
    told = [against(of.score, SCORE[task]), against(of.consistency, PRIMARY[task])]
    return f' Against {of.other}: {"; ".join(told)}.'


def exact(settings: Mapping[str, Cells], where: str) -> str:
    """The operators that no circular shift changed, and what that costs in score, in a sentence for each setting."""
    said = []
    for setting, cells in settings.items():
        names = [name for name, rows in cells.items()
                 if all(row['consistency']['circular']['all'] >= EXACT for row in rows.values())]
        measure = SCORE[rows_of(cells)[0]['task']]
        own = {setting: cells}
        found = differences(own, measure, against_all(own, BASELINE, where), where)
        told = [f'{name} ({measure.heading} {said_difference(found.get(name))})' for name in names if name != BASELINE]
        if told:
            said.append(f'{setting}: {joined(told)}.')
    return f'Where a circular shift has to change nothing, these kept a circular consistency of 100.0 % in every ' \
           f'seed: {" ".join(said)}' if said else 'No operator kept a circular consistency of 100.0 % in every seed.'


def is_tips(name: str, settings: Mapping[str, Cells]) -> bool:
    """Whether an operator of this name is a form of TIPS, by its config."""
    rows = next(cells[name] for cells in settings.values() if name in cells)
    return (next(iter(rows.values()))['config'] or {}).get('type') == PUBLISHED


def _where(of: Judged, everywhere: int) -> str:
    measured = len(of.score.settings)
    return '' if measured == everywhere else f' (measured in {measured} of {everywhere} settings)'


def _figures(of: Judged, task: str) -> str:
    return f'{against(of.score, SCORE[task])}; {against(of.consistency, PRIMARY[task])}; {of.cost:.2f} times the ' \
           'training time'
