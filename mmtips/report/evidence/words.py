# Copyright (c) mmtips authors. All rights reserved.
"""Sentences about the evidence. Each is built from numbers; none is kept for a result that was expected."""

from collections.abc import Mapping, Sequence

from mmtips.report.evidence.comparison import judge_task, pooled_means
from mmtips.report.evidence.measures import PRIMARY, SCORE, Measure
from mmtips.report.evidence.statistics import BETTER, UNTOLD, WORSE, Difference, Estimate, verdict
from mmtips.report.evidence.studies import BASELINE, PUBLISHED, Cells, tasks_of
from mmtips.report.tables import markdown_table


def joined(names: Sequence[str]) -> str:
    """Names as a list in a sentence."""
    return ' and '.join(filter(None, [', '.join(names[:-1]), names[-1]])) if names else 'none'


def said_interval(of: Estimate, *, signed: bool = False, unit: str = '') -> str:
    """A figure with its interval."""
    sign = '+' if signed else ''
    text = f'{of.value:{sign}.1f}{unit}'
    return text if of.low is None else f'{text} ({of.low:{sign}.1f} to {of.high:{sign}.1f})'


def said_best(means: Mapping[str, Estimate]) -> str:
    """The operator of the highest mean, and which of the others have intervals that reach into its own."""
    best = max(means, key=lambda name: (means[name].value, name))
    low = means[best].low
    near = [name for name, of in means.items() if name != best and low is not None and of.high is not None
            and of.high >= low]
    tail = f'; the intervals of {joined(near)} overlap with its own' if near else ''
    return f'{best}, {said_interval(means[best])}{tail}'


def against(of: Difference, measure: Measure) -> str:
    """An operator against BlurPool in a measure, in a clause."""
    return f'{said_interval(of.mean, signed=True, unit=" points")} {measure.said}: {verdict(of)}'


def summary(settings: Mapping[str, Cells], where: str) -> str:
    """The table for the README: for each task the best operators, and TIPS as published against BlurPool.

    Args:
        settings: All settings of the study ``'final'``.
        where: Name of the study, for errors.

    Returns:
        Markdown.
    """
    lines: list[list[str]] = []
    for task, names in tasks_of(settings).items():
        own, measures = {name: settings[name] for name in names}, (SCORE[task], PRIMARY[task])
        published = next((of for of in judge_task(settings, task, where) if of.name == PUBLISHED), None)
        told = ['not measured'] * 2 if published is None else \
            [against(of, measure) for of, measure in
             zip((published.score, published.consistency), measures, strict=True)]
        best = [said_best(means) if (means := pooled_means(own, measure)) else 'not measured'
                for measure in measures]
        over = f'{task}, mean over {len(names)} setting{"s" * (len(names) > 1)}'
        lines.append([over, best[0], best[1], '; '.join(told)])
    table = markdown_table(['', 'best by score', 'best by consistency', f'{PUBLISHED} as published against {BASELINE}'],
                           lines)
    return f'{table}\n\nIn brackets: 95 % Student-t intervals over seeds; differences are paired over seeds, and ' \
           f'*{BETTER}*, *{WORSE}* and *{UNTOLD}* are adjusted after Holm over all operators.'
