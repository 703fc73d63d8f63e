# Copyright (c) mmtips authors. All rights reserved.
"""The table of the README: who is ahead in each task, and TIPS as published."""

from collections.abc import Mapping

from mmtips.report.evidence.comparison import judge_task, pooled_means
from mmtips.report.evidence.measures import PRIMARY, SCORE
from mmtips.report.evidence.statistics import BETTER, UNTOLD, WORSE, Difference, Estimate, verdict
from mmtips.report.evidence.studies import BASELINE, PUBLISHED, comparable, lost, tasks_of
from mmtips.report.evidence.words import gains, lost_in, said_interval
from mmtips.report.schemas import Result
from mmtips.report.tables import markdown_table


def summary(study: Result) -> str:
    """For each task the best operators, and TIPS as published against BlurPool.

    Args:
        study: The study ``'final'``.

    Returns:
        Markdown.
    """
    lines = []
    for task, own in tasks_of(comparable(study)).items():
        judged, measures = judge_task(own, task, study['study']), (SCORE[task], PRIMARY[task])
        found = ({name: of.score for name, of in judged.items()}, {name: of.consistency for name, of in judged.items()})
        best = [said_best(pooled_means(own, measure), of) for measure, of in zip(measures, found, strict=True)]
        lines.append([f'{task}, mean over {len(own)} setting{"s" * (len(own) > 1)}', *best,
                      gains(judged[PUBLISHED], task) if PUBLISHED in judged else
                      lost_in(PUBLISHED, lost(study), own) or 'not measured'])
    table = markdown_table(['', 'best by score', 'best by consistency', f'{PUBLISHED} as published against {BASELINE}'],
                           lines)
    return f'{table}\n\nBest: the highest mean of those that were compared in all settings of the task. In brackets: ' \
           f'95 % Student-t intervals over seeds; differences are paired over seeds, and *{BETTER}*, *{WORSE}* and ' \
           f'*{UNTOLD}* are adjusted after Holm over all operators.'


def said_best(means: Mapping[str, Estimate], found: Mapping[str, Difference]) -> str:
    """The operator of the highest mean, and how it differs from BlurPool.

    Args:
        means: By operator.
        found: Differences to BlurPool, by operator.

    Returns:
        A clause; ``'not measured'`` without means.
    """
    if not means:
        return 'not measured'
    best = max(means, key=lambda name: (means[name].value, name))
    of = found.get(best)
    return f'{best}, {said_interval(means[best])}' + ('' if of is None else (
        f'; against {BASELINE} {said_interval(of.mean, signed=True)}: {verdict(of)}'))
