# Copyright (c) mmtips authors. All rights reserved.
"""What to take: the rule of the protocol, applied to numbers and said."""

from collections.abc import Collection, Mapping

from mmtips.report.evidence.comparison import (
    COST,
    HARM,
    Judged,
    against_controls,
    judge_controls,
    judge_task,
)
from mmtips.report.evidence.measures import PRIMARY, SCORE
from mmtips.report.evidence.statistics import BETTER, WORSE
from mmtips.report.evidence.studies import BASELINE, PUBLISHED, Cells, comparable, lost, tasks_of, tips_among
from mmtips.report.evidence.words import Lost, brief, controlled, figures, joined, places
from mmtips.report.schemas import Result

#: Studies of other lengths than the final runs, at the head of a sentence.
LENGTHS = {'time': 'At equal wall time', 'longer': 'Trained twice as long'}


def recommendation(study: Result) -> str:
    """Which forms of TIPS clear the bar by a gain of their own, which by what is added to them, and who else does.

    Args:
        study: The study ``'final'``.

    Returns:
        A paragraph.
    """
    tasks, gone = tasks_of(comparable(study)), lost(study)
    said = [sentence for task, settings in tasks.items() for sentence in _choice(settings, task, gone)]
    return f'**Which?** {" ".join(said)} The bar: {BETTER} than {BASELINE} in score or consistency, {WORSE} in ' \
           f'neither, in the mean over the settings, both intervals above {-HARM:+.1f} points, at no more than ' \
           f'{COST:g} times its training time.'


def otherwise(final: Result, other: Result) -> list[str]:
    """What trainings of other lengths say of TIPS as published and of those that clear the bar.

    Args:
        final: The study ``'final'``, which says who clears it.
        other: The study ``'time'`` or ``'longer'``.

    Returns:
        A sentence for each setting that has one of them.
    """
    said = []
    for task, settings in tasks_of(comparable(final)).items():
        clearing = _ranked(judge_task(settings, task, 'final').values(), len(settings))
        for setting, cells in tasks_of(comparable(other)).get(task, {}).items():
            judged = judge_task({setting: cells}, task, other['study'])
            told = [f'{name} {brief(judged[name], task)}' for name in (PUBLISHED, *(of.name for of in clearing))
                    if name in judged]
            said += [f"{LENGTHS[other['study']]} in {setting}, against {BASELINE}: {'; '.join(told)}."] if told else []
    return said


def _choice(settings: Mapping[str, Cells], task: str, gone: Lost) -> list[str]:
    """Sentences about a task: what to take, and what else clears the bar."""
    judged, controls = (judge(settings, task, 'final') for judge in (judge_task, judge_controls))
    clearing = _ranked(judged.values(), len(settings))
    owed = _owed(clearing, against_controls(settings), controls)
    free = [of for of in clearing if of.name not in owed]
    tips = tips_among(judged, settings)
    forms = [of for of in free if of.name in tips]
    first = next(iter(forms or free), None)
    none = '' if forms else f' No form of TIPS of the {len(tips)} measured clears the bar by a gain of its own.'
    named = [f'{of.name}{places(of, gone, settings)}, {brief(of, task)}{owed.get(of.name, "")}' for of in clearing
             if of is not first]
    if first is None:
        return [f'In {task}, stay with **{BASELINE}**.{none}',
                *([f'What clears it owes that to its additions: {"; ".join(named)}.'] if named else [])]
    said = f'In {task}, take **{first.name}**{places(first, gone, settings)}: {figures(first, task)}.' \
           f'{_worse_in(first.name, settings, task)}{controlled(controls.get(first.name), task)}{none}'
    return [said, *([f'Also clear it: {"; ".join(named)}.'] if named else [])]


def _owed(clearing: Collection[Judged], named: Mapping[str, str], controls: Mapping[str, Judged]) -> dict[str, str]:
    """Of those that have a control and no gain on it, or none that is known everywhere, which it is, in a clause."""
    beside = {of.name: control for of in clearing if (control := controls.get(of.name)) and control.covers(of)}
    return {name: f", {'with no gain on' if name in beside else 'but not everywhere beside'} {named[name]}, which has "
            'the same additions' for name in (of.name for of in clearing)
            if name in named and not (name in beside and beside[name].gains)}


def _ranked(judged: Collection[Judged], everywhere: int) -> list[Judged]:
    """Who clears the bar, by gain in consistency, but what was measured in some of the settings behind the others."""
    clearing = [of for of in judged if of.clears]
    return sorted(clearing, key=lambda of: (len(of.score.settings) < everywhere, -of.consistency.mean.value))


def _worse_in(name: str, settings: Mapping[str, Cells], task: str) -> str:
    """The settings in which an operator by itself is worse, in a sentence with a space before it; nothing for none."""
    said = []
    for setting, cells in settings.items():
        of = judge_task({setting: cells}, task, 'final').get(name)
        worse = [] if of is None else [measure.said for measure, word in zip(
            (SCORE[task], PRIMARY[task]), of.verdicts, strict=True) if word == WORSE]
        said += [f'in {setting} in {joined(worse)}'] if worse else []
    return f' Setting by setting it is {WORSE} {joined(said)}.' if said else ''
