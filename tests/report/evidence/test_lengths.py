# Copyright (c) mmtips authors. All rights reserved.
"""What longer trainings change."""

from mmtips.report.evidence.lengths import length_table
from tests.report.evidence.factory import row, study


def test_what_a_longer_training_gives_by_hand():
    def made(name, **scores):
        return study([row(operator=operator, seed=seed, score=score, consistency=.5, curve=[[700, .1], [1000, .105]])
                      for operator, of in scores.items() for seed, score in enumerate(of)], name)

    table = length_table(made('final', BlurPool=[.5, .6, .9], TIPS=[.4, .5, .1], APS=[.1] * 3),
                         made('longer', BlurPool=[.51, .63], TIPS=[.6, .7]))
    assert table.splitlines()[0] == '| deeplabv3plus-zeros: longer less final | seeds | mIoU | place | standard, ' \
                                    'foreground | place | rise over the last quarter |'
    assert table.splitlines()[2].startswith('| BlurPool | 2 | +2.0 (-10.7 to +14.7) | 1 to 2 | +0.0 (')
    assert table.splitlines()[3].startswith('| TIPS | 2 | +20.0 (+20.0 to +20.0) | 2 to 1 | +0.0 (')
    assert table.splitlines()[3].endswith('| 1 to 1 | +0.5 |')
    assert len(table.splitlines()) == 4
