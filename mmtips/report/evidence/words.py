# Copyright (c) mmtips authors. All rights reserved.
"""Clauses about the evidence. Each is built from numbers; none is kept for a result that was expected."""

from collections.abc import Collection, Mapping, Sequence

from mmtips.report.evidence.comparison import Judged
from mmtips.report.evidence.measures import PRIMARY, SCORE, Measure
from mmtips.report.evidence.statistics import UNTOLD, Difference, Estimate, verdict

#: The seeds whose training diverged, by setting and operator (:func:`mmtips.report.evidence.studies.lost`).
Lost = Mapping[tuple[str, str], Collection[int]]


def joined(names: Sequence[str]) -> str:
    """Names as a list in a sentence."""
    return ' and '.join(filter(None, [', '.join(names[:-1]), names[-1]])) if names else 'none'


def said_interval(of: Estimate, *, signed: bool = False, unit: str = '') -> str:
    """A figure with its interval."""
    sign = '+' if signed else ''
    text = f'{of.value:{sign}.1f}{unit}'
    return text if of.low is None else f'{text} ({of.low:{sign}.1f} to {of.high:{sign}.1f})'


def against(of: Difference, measure: Measure) -> str:
    """An operator against another one in a measure, in a clause."""
    return f'{said_interval(of.mean, signed=True, unit=" points")} {measure.said}: {verdict(of)}'


def gains(of: Judged, task: str) -> str:
    """What an operator gains or loses on another one, in two clauses."""
    return f'{against(of.score, SCORE[task])}; {against(of.consistency, PRIMARY[task])}'


def figures(of: Judged, task: str) -> str:
    """The same, and at what cost."""
    return f'{gains(of, task)}; {of.cost:.2f} times the training time of {of.other}'


def brief(of: Judged, task: str) -> str:
    """The same as :func:`figures` without intervals, for where many are named."""
    return f'{of.score.mean.value:+.1f} {SCORE[task].said} ({verdict(of.score)}), {of.consistency.mean.value:+.1f} ' \
           f'{PRIMARY[task].said} ({verdict(of.consistency)}), {of.cost:.2f} times the time'


def controlled(of: Judged | None, task: str) -> str:
    """How an operator does beside its control, in a sentence with a space before it; nothing for one without."""
    return '' if of is None else f' Against {of.other}: {gains(of, task)}.'


def lost_in(name: str, gone: Lost, settings: Collection[str]) -> str:
    """Where trainings of an operator diverged, in a clause; nothing where none did."""
    places = [f'{setting} (seed {joined([str(seed) for seed in sorted(gone[setting, name])])})' for setting in settings
              if (setting, name) in gone]
    return f'it diverged in {joined(places)}' if places else ''


def places(of: Judged, gone: Lost, settings: Collection[str]) -> str:
    """In which settings an operator was compared, if not in all of them, in brackets with a space before them."""
    own = of.score.settings
    if set(own) == set(settings):
        return ''
    said = f"in {joined(own)}{' alone' if len(own) == 1 else ''}"
    return f" ({'; '.join(filter(None, [said, lost_in(of.name, gone, settings)]))})"


def standings(judged: Collection[Judged], task: str) -> str:
    """Who is better or worse than what all are compared with, and in what, in one sentence without its end.

    Args:
        judged: Operators, each against the same one.
        task: Their task.

    Returns:
        A group of names for each outcome, the best first; ``'none'`` if there is no operator.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for of in sorted(judged, key=lambda of: -sum(found.mean.value for found in (of.score, of.consistency))):
        groups.setdefault(of.verdicts, []).append(of.name)
    return '; '.join(f'{outcome(*words, task)}: {joined(names)}' for words, names in groups.items()) or 'none'


def outcome(score: str, consistency: str, task: str) -> str:
    """Two verdicts as one phrase."""
    if score == consistency:
        return f'{score} in {"either" if score == UNTOLD else "both"}'
    told = {SCORE[task].said: score, PRIMARY[task].said: consistency}
    said = [f'{word} in {measure}' for measure, word in told.items() if word != UNTOLD]
    return ', '.join(said) if len(said) == 2 else f'{said[0]} alone'
