# Copyright (c) mmtips authors. All rights reserved.
"""The answer to "should I use TIPS, and which?", from numbers alone: another result gives another answer."""

from collections.abc import Collection

from mmtips.report.evidence.checks import FLAT, convergence, is_flat
from mmtips.report.evidence.choice import otherwise, recommendation
from mmtips.report.evidence.comparison import Judged, judge_controls, judge_task
from mmtips.report.evidence.statistics import BETTER, UNTOLD, WORSE
from mmtips.report.evidence.studies import BASELINE, PUBLISHED, comparable, lost, tasks_of, tips_among
from mmtips.report.evidence.words import brief, figures, joined, lost_in, outcome, standings
from mmtips.report.schemas import Result

#: Circular consistency from here on is written as 100.0 %.
EXACT = 0.9995
#: By whether a better and a worse are among the verdicts.
HEADLINES = {
    (True, True): f'{BETTER} in some, {WORSE} in others; read which',
    (True, False): f'{BETTER} in some, {WORSE} in none',
    (False, True): f'no: {WORSE} in some, {BETTER} in none',
    (False, False): f'no reason to: {UNTOLD} anywhere',
}


def answer(study: Result, *others: Result) -> str:
    """Two paragraphs, TIPS as published and what to take, and behind them a list of what else is to be known.

    Args:
        study: The study ``'final'``.
        others: The studies of other lengths, ``'time'`` and ``'longer'``, as far as there are some.

    Returns:
        Markdown.
    """
    lengths = [said for other in others for said in otherwise(study, other)]
    known = '\n'.join(f'* {said}' for said in (*lengths, *other_forms(study), exact(study), rising(study)))
    return f'{published(study)}\n\n{recommendation(study)}\n\nTo be known besides:\n\n{known}'


def published(study: Result) -> str:
    """TIPS as published against BlurPool in each task.

    Args:
        study: The study ``'final'``.

    Returns:
        A paragraph.
    """
    found: list[Judged] = []
    said = []
    for task, settings in tasks_of(comparable(study)).items():
        judged = judge_task(settings, task, study['study'])
        own, gone = judged.get(PUBLISHED), lost_in(PUBLISHED, lost(study), settings)
        found += [] if own is None else [own]
        said += [f'In {task}, over {joined(own.score.settings)}: {figures(own, task)}.'] if own else []
        said += [f'In {task} {gone}, where it is not compared.'] if gone else []
    head = f'**Should I use TIPS as published?** Against {BASELINE}, in score and consistency'
    return f'{head}: **{headline(found)}**. {" ".join(said)}'.rstrip()


def other_forms(study: Result) -> list[str]:
    """The other forms of TIPS against BlurPool, in a sentence for each task that has some."""
    said = []
    for task, settings in tasks_of(comparable(study)).items():
        judged = judge_task(settings, task, study['study'])
        forms = [judged[name] for name in tips_among(judged, settings) if name != PUBLISHED]
        if forms:
            said.append(f'Other forms of {PUBLISHED} in {task}, against {BASELINE}: {standings(forms, task)}.')
    return said


def headline(judged: Collection[Judged]) -> str:
    """What the verdicts of an operator in all tasks come to."""
    if not judged:
        return 'it was not compared'
    words = {word for of in judged for word in of.verdicts}
    if words in ({BETTER}, {WORSE}):
        return f'no: {WORSE} in all' if WORSE in words else f'{BETTER} in all'
    means = [found.mean for of in judged for found in (of.score, of.consistency)]
    clear = any(mean.low is not None and mean.high is not None and mean.low * mean.high > 0 for mean in means)
    tail = ', though some single intervals leave out zero' if words == {UNTOLD} and clear else ''
    return HEADLINES[BETTER in words, WORSE in words] + tail


def exact(study: Result) -> str:
    """The operators that no circular shift changed, and what that costs, in a sentence for each setting."""
    said = []
    for setting, cells in comparable(study).items():
        names = [name for name, rows in cells.items() if name != BASELINE and
                 all(row['consistency']['circular']['all'] >= EXACT for row in rows.values())]
        task, = tasks_of({setting: cells})
        judged, controls = (judge({setting: cells}, task, study['study']) for judge in (judge_task, judge_controls))
        told = [f'{name} {brief(judged[name], task)}{_beside(controls.get(name), task)}' for name in names
                if name in judged]
        said += [f'in {setting} {"; ".join(told)}'] if told else []
    return 'These kept a circular consistency of 100.0 % in every seed, which is about circular shifts of circularly ' \
           f'padded maps and not about those that bring new pixels in; against {BASELINE}, {"; ".join(said)}.' \
        if said else 'No operator kept a circular consistency of 100.0 % in every seed.'


def _beside(of: Judged | None, task: str) -> str:
    """How an operator does beside its control, in a clause behind a comma; nothing for one without."""
    return '' if of is None else f', and beside {of.other} {outcome(*of.verdicts, task)}'


def rising(study: Result) -> str:
    """In how many cells the validation score still rose at the end, in a sentence."""
    found = convergence(study)
    steep = [of.value for of in found.values() if of is not None and not is_flat(of)]
    if not steep:
        return 'No validation score still rose at the end.'
    return f'In {len(steep)} of {len(found)} cells the validation score still rose by {100 * FLAT:g} ' \
           f'point or more over the last quarter, by {100 * sum(steep) / len(steep):.1f} in the mean: longer ' \
           'trainings may end otherwise ([twice as long](#twice-as-long)).'
