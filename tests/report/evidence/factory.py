# Copyright (c) mmtips authors. All rights reserved.
"""Invented studies, for tests of what is said of real ones."""

import math

import numpy as np

from mmtips.report.evidence.studies import by_setting

RUN = dict(created='2026-01-02T03:04:05+00:00', commit='0123456789ab', device='CPU (invented)', threads=1,
           versions=dict(torch='0'))
#: By operator: score, consistency, bias and cost around which the cells lie.
OPERATORS = {
    'stock': (.688, .793, .44, 1.), 'MaxPool': (.711, .82, .815, 1.05), 'AvgPool': (.716, .837, .065, 1.2),
    'StridedConv': (.709, .826, .07, 1.1), 'BlurPool': (.724, .849, .066, 1.15), 'TIPS': (.662, .797, .067, 2.1),
    'TIPS phase': (.74, .868, .064, 1.4), 'TIPS anchor': (.69, .80, .063, 1.9), 'APS': (.67, .80, .295, 1.2),
    'LPS': (.68, .806, .294, 1.6), 'DDAC': (.722, .851, .063, 2.), 'SPDConv': (.70, .83, .26, 1.3)
}
SETTINGS = {'deeplabv3plus-zeros': 'segmentation', 'deeplabv3plus-circular': 'segmentation',
            'unet-zeros': 'segmentation', 'resnet-zeros': 'classification'}


def row(setting='deeplabv3plus-zeros', operator='TIPS', seed=0, score=.5, consistency=.8, **more):
    """A row; what is not given follows from ``score`` and ``consistency``."""
    segments = SETTINGS.get(setting, 'segmentation') == 'segmentation'
    circular = min(1., consistency + .01)
    levels = dict(standard=consistency, circular=circular)
    tips = operator.startswith('TIPS')
    config = None if operator == 'stock' else dict(type='TIPS' if tips else operator)
    if operator == 'TIPS phase':
        config |= dict(scores='phase', taps=4)
    layers = {f'backbone.layer{stage}.0.downsampler': [[at, .26 + .1 * stage * at / 1000] for at in (250, 500, 1000)]
              for stage in (1, 2, 3)}
    return dict(dict(
        setting=setting, task='segmentation' if segments else 'classification', operator=operator, config=config,
        control=None, cell=f"{setting}_{operator.replace(' ', '-')}_seed{seed}.0123", learning_rate=.01, seed=seed,
        iterations=1000, score=score,
        foreground_score=max(0., score - .03) if segments else None,
        consistency={name: dict(all=1 - (1 - of) / 4 if segments else of, foreground=of if segments else None,
                                border=1 - (1 - of) / 2 if segments else None) for name, of in levels.items()},
        fidelity={name: score * (1 - (1 - of) / 4) for name, of in levels.items()},
        msb=dict(selection=.1, weight=None if operator == 'StridedConv' else .2), seconds=40., parameters=1000,
        shift_map=dict(shifts=[-1, 0, 1], consistency=[[consistency, 1., consistency]] * 3),
        curve=[[at, score * (1 - math.exp(-at / 120))] for at in (125, 250, 500, 750, 1000)],
        tau=layers if tips else {}), **more)


def study(rows, name='final'):
    """A study of these rows."""
    return dict(schema='mmtips/evidence/1', study=name, split='test' if name in ('final', 'time', 'longer') else 'val',
                protocol=dict(max_shift=8, pairs=2, iterations=1000), run=RUN, rows=rows, diverged=[])


def invented(name='final', settings=SETTINGS, operators=OPERATORS, seeds=5):
    """A study in which operators differ as :data:`OPERATORS` says, plus noise of which each seed has its own share."""
    random = np.random.default_rng(0)
    rows = []
    for number, setting in enumerate(settings):
        shared = random.standard_normal((seeds, 2)) * .006
        for operator, (score, consistency, bias, cost) in operators.items():
            for seed in range(seeds):
                noise = shared[seed] + random.standard_normal(2) * .004 - .03 * number
                rows.append(row(setting, operator, seed, score + noise[0], consistency + noise[1],
                                msb=dict(selection=bias, weight=None if operator == 'StridedConv' else .2 + bias / 2),
                                seconds=40 * cost * (1 + .02 * random.random())))
    return study(rows, name)


def cells(**scores):
    """A setting of operators with the scores of their seeds; consistency is the score and a tenth."""
    return by_setting(study([row(operator=name.replace('_', ' '), seed=seed, score=score, consistency=score + .1)
                             for name, of in scores.items() for seed, score in enumerate(of)]))['deeplabv3plus-zeros']


def around(mean, scale=1.):
    """Five scores of this mean."""
    return [mean + scale * step for step in (0., .01, -.01, .005, -.005)]


def gone(**more):
    """A training that diverged."""
    return {**{key: row()[key] for key in ('setting', 'task', 'operator', 'config', 'learning_rate', 'seed',
                                           'iterations')}, 'reason': 'loss is nan', **more}


def searched(operators=OPERATORS, settings=SETTINGS):
    """A search in which 0.01 is best but for TIPS, for which it is the lowest rate."""
    return study([row(setting, name, seed, .7 - abs(math.log10(rate / (.003 if name == 'TIPS' else .01))) / 10 + seed /
                      100, .8, learning_rate=rate) for setting in settings for name in operators
                  for rate in (.003, .01, .03) for seed in (0, 1)], 'search')


def every(operators=OPERATORS, settings=SETTINGS, seeds=3):
    """All studies, each with these operators."""
    first, others = list(settings)[:1], ('ablation', 'variants', 'time', 'longer')
    return dict(search=searched(operators, settings), final=invented('final', settings, operators, seeds),
                **{name: invented(name, first, operators, seeds) for name in others})
