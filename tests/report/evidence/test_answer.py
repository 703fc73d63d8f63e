# Copyright (c) mmtips authors. All rights reserved.
"""The answer follows from the numbers, whatever they are."""

import pytest

from mmtips.report.evidence.answer import answer, exact, headline, published, rising
from mmtips.report.evidence.choice import otherwise, recommendation
from mmtips.report.evidence.comparison import judge_task, pooled_means
from mmtips.report.evidence.measures import SCORE
from mmtips.report.evidence.page import short
from mmtips.report.evidence.statistics import UNTOLD
from mmtips.report.evidence.studies import is_tips
from mmtips.report.evidence.summary import said_best, summary
from mmtips.report.evidence.tables import control_table
from mmtips.report.evidence.words import joined, standings
from tests.report.evidence.factory import around, cells, gone, invented, study

ZEROS, CIRCULAR, UNET = 'deeplabv3plus-zeros', 'deeplabv3plus-circular', 'unet-zeros'


@pytest.fixture
def trio():
    """TIPS far behind BlurPool, another form ahead of it in every seed, and average pooling about there."""
    return cells(stock=around(.5, .8), BlurPool=around(.6), TIPS=around(.4, 2), AvgPool=around(.601, -1),
                 TIPS_phase=around(.64, 1.1))


def a_study(**settings):
    """A study of these cells, by setting with an underscore for its hyphen."""
    return study([dict(row, setting=setting.replace('_', '-')) for setting, of in settings.items()
                  for rows in of.values() for row in rows.values()])


def beside(of, **controls):
    """Give operators controls."""
    for name, control in controls.items():
        for seed_row in of[name.replace('_', ' ')].values():
            seed_row['control'] = control
    return of


def test_it_has_two_paragraphs_and_a_list_that_follow_from_the_numbers(trio):
    said = answer(a_study(deeplabv3plus_zeros=trio))
    assert '**no: worse in all**' in said
    assert '\n* Other forms of TIPS in segmentation, against BlurPool: better in both: TIPS phase.' in said
    assert 'In segmentation, take **TIPS phase**: +4.0 points (' in said
    assert '; 1.00 times the training time of BlurPool.' in said
    assert 'lear it' not in said
    assert 'lears the bar' not in said
    assert said.count('\n\n') == 3
    assert [line[:2] for line in said.split('\n\n')[3].splitlines()] == ['* '] * 3
    trio['TIPS'], trio['BlurPool'] = trio['BlurPool'], trio['TIPS']  # and now the other way round
    for name, kind in (('TIPS', 'TIPS'), ('BlurPool', 'BlurPool')):
        for of in trio[name].values():
            of.update(operator=name, config=dict(type=kind))
    said = answer(a_study(deeplabv3plus_zeros=trio))
    assert '**better in all**' in said
    assert '+20.0 points (+19.0 to +21.0) mIoU: better' in said


def test_what_was_measured_everywhere_comes_first():
    scores = dict(BlurPool=around(.6), TIPS=around(.65, 1.1))
    said = recommendation(a_study(deeplabv3plus_zeros=cells(**scores),
                                  deeplabv3plus_circular=cells(**scores, TIPS_exact=around(.7, 1.1))))
    assert 'In segmentation, take **TIPS**: +5.0' in said
    assert ' Also clear it: TIPS exact (in deeplabv3plus-circular alone), +10.0 mIoU (better), +10.0 standard ' \
           'foreground consistency (better), 1.00 times the time. The bar: ' in said


def test_what_an_addition_brings_is_no_merit_of_the_operator():
    trio = beside(cells(BlurPool=around(.6), BlurPool_agree=around(.65, .9), TIPS_agree=around(.652, .5)),
                  TIPS_agree='BlurPool agree')
    said = recommendation(a_study(deeplabv3plus_zeros=trio))
    assert 'In segmentation, take **BlurPool agree**: +5.0 points (' in said
    assert '. No form of TIPS of the 1 measured clears the bar by a gain of its own. Also clear it: ' in said
    assert 'Also clear it: TIPS agree, +5.2 mIoU (better), ' in said
    assert '1.00 times the time, with no gain on BlurPool agree, which has the same additions.' in said
    table = control_table(a_study(deeplabv3plus_zeros=trio))
    assert '| deeplabv3plus-zeros: against its control | control | mIoU |' in table
    assert '| TIPS agree | BlurPool agree | +0.2 (' in table
    assert len(table.splitlines()) == 3


def test_a_form_whose_control_is_gone_is_not_taken_nor_is_anything_else():
    trio = beside(cells(BlurPool=around(.6), TIPS_agree=around(.652, .5)), TIPS_agree='BlurPool agree')
    assert control_table(a_study(deeplabv3plus_zeros=trio)) == ''
    said = recommendation(a_study(deeplabv3plus_zeros=trio))
    assert 'stay with **BlurPool**. No form of TIPS of the 1 measured clears the bar by a gain of its own.' in said
    assert ' What clears it owes that to its additions: TIPS agree, +5.2 mIoU (better), +5.2 standard foreground ' \
           'consistency (better), 1.00 times the time, but not everywhere beside BlurPool agree, which has the ' \
           'same additions.' in said


def test_a_gain_over_the_control_is_its_own():
    trio = beside(cells(BlurPool=around(.6), BlurPool_agree=around(.65, .9), TIPS_agree=around(.68, 1.1)),
                  TIPS_agree='BlurPool agree')
    said = recommendation(a_study(deeplabv3plus_zeros=trio))
    assert 'take **TIPS agree**: +8.0 points (' in said
    assert 'Against BlurPool agree: +3.0 points (' in said
    alone = {name: of for name, of in trio.items() if name != 'BlurPool agree'}
    said = recommendation(a_study(deeplabv3plus_zeros=trio, unet_zeros=alone))
    assert 'TIPS agree, +8.0 mIoU (better), ' in said
    assert 'but not everywhere beside BlurPool agree, ' in said


def test_other_lengths_are_said_of_what_is_recommended(trio):
    apart = dict(a_study(deeplabv3plus_zeros=cells(BlurPool=around(.6), TIPS=around(.61, -1), DDAC=around(.7),
                                                   TIPS_phase=around(.55, 1.1))), study='time')
    final = a_study(deeplabv3plus_zeros=trio)
    found, = otherwise(final, apart)
    assert found.startswith('At equal wall time in deeplabv3plus-zeros, against BlurPool: TIPS +1.0 mIoU (not told ')
    assert '; TIPS phase -5.0 mIoU (worse), -5.0 standard foreground consistency (worse), 1.00 times the time.' in found
    assert 'DDAC' not in found
    assert f'\n* {found}\n* Other forms' in answer(final, apart)
    assert short(dict(final=final, time=apart)).endswith(f'its training time.\n\n* {found}')
    assert otherwise(final, a_study(unet_zeros=cells(BlurPool=around(.6), DDAC=around(.6)))) == []


def test_where_the_choice_is_worse_is_said(trio):
    apart = cells(BlurPool=around(.6), TIPS_phase=around(.58, 1.1))
    said = recommendation(a_study(deeplabv3plus_zeros=trio, deeplabv3plus_circular=trio, unet_zeros=apart))
    assert 'take **TIPS phase**: +2.0 points (' in said
    assert ' Setting by setting it is worse in unet-zeros in mIoU and standard foreground consistency.' in said


def test_when_nothing_clears_the_bar_the_answer_says_so():
    said = answer(a_study(deeplabv3plus_zeros=cells(
        stock=around(.5), BlurPool=around(.6), TIPS=around(.601, -1), DDAC=around(.65, 1.1))))
    assert f'**no reason to: {UNTOLD} anywhere**' in said
    assert 'In segmentation, take **DDAC**: +5.0 points (' in said
    assert 'No form of TIPS of the 1 measured clears the bar by a gain of its own. The bar: ' in said
    said = answer(a_study(deeplabv3plus_zeros=cells(BlurPool=around(.6))))
    assert 'in score and consistency: **it was not compared**.' in said
    assert 'stay with **BlurPool**. No form of TIPS of the 0 measured clears the bar by a gain of its own.' in said


def test_a_clear_single_interval_that_an_adjustment_takes_back_is_said():
    many = {f'DDAC_{number}': around(.6, -1) for number in range(12)}
    of = cells(BlurPool=around(.6), TIPS=[.573, .607, .568, .592, .573], **many)
    found = judge_task({ZEROS: of}, 'segmentation', 'final')['TIPS']
    assert found.score.mean.high < 0
    assert found.verdicts == (UNTOLD, UNTOLD)
    assert headline([found]) == f'no reason to: {UNTOLD} anywhere, though some single intervals leave out zero'
    ahead = judge_task({ZEROS: cells(BlurPool=around(.6), TIPS=around(.65, 1.1))}, 'segmentation', 'final')['TIPS']
    assert headline([found, ahead]) == 'better in some, worse in none'


def test_trainings_that_diverged_are_in_the_answer(trio):
    lost = a_study(deeplabv3plus_zeros=trio, unet_zeros=trio)
    lost['diverged'] = [gone(setting=UNET, operator=name, seed=2) for name in ('TIPS', 'TIPS phase')]
    said = answer(lost)
    assert 'In segmentation, over deeplabv3plus-zeros: -20.0 points (' in said
    assert 'In segmentation it diverged in unet-zeros (seed 2), where it is not compared.' in said
    assert 'take **TIPS phase** (in deeplabv3plus-zeros alone; it diverged in unet-zeros (seed 2)): +4.0' in said
    lost['diverged'].append(gone(operator='TIPS', seed=0))
    assert 'in score and consistency: **it was not compared**. In segmentation it diverged in deeplabv3plus-zeros ' \
           '(seed 0) and unet-zeros (seed 2), where it is not compared.' in published(lost)
    assert summary(lost).splitlines()[2].endswith(
        '| it diverged in deeplabv3plus-zeros (seed 0) and unet-zeros (seed 2) |')


def test_who_is_exact_is_measured(trio):
    assert exact(a_study(deeplabv3plus_zeros=trio)) == 'No operator kept a circular consistency of 100.0 % in every ' \
                                                       'seed.'
    for of in trio['TIPS'].values():
        of['consistency']['circular']['all'] = .9996
    said = exact(a_study(deeplabv3plus_zeros=beside(trio, TIPS='AvgPool')))
    assert 'against BlurPool, in deeplabv3plus-zeros TIPS -20.0 mIoU (worse), ' in said
    assert said.endswith('1.00 times the time, and beside AvgPool worse in both.')
    trio['TIPS'][0]['consistency']['circular']['all'] = .999
    assert exact(a_study(deeplabv3plus_zeros=trio)).startswith('No operator')
    assert is_tips(trio['TIPS phase'])
    assert not is_tips(trio['stock'])


def test_how_many_curves_rise_is_said(trio):
    assert rising(a_study(deeplabv3plus_zeros=trio)) == 'No validation score still rose at the end.'
    for of in trio['TIPS'].values():
        of['curve'] = [[500, .1], [1000, .2]]
    assert rising(a_study(deeplabv3plus_zeros=trio)).startswith(
        'In 1 of 5 cells the validation score still rose by 1 point or more over the last quarter, by 10.0 in the mean')


def test_standings_name_each_operator_once(trio):
    for of in trio['AvgPool'].values():
        of['consistency']['standard']['foreground'] -= .05
    for of in trio['TIPS phase'].values():
        of['consistency']['standard']['foreground'] -= .08
    said = standings(judge_task({ZEROS: trio}, 'segmentation', 'final').values(), 'segmentation')
    assert said == 'better in mIoU, worse in standard foreground consistency: TIPS phase; worse in standard ' \
                   'foreground consistency alone: AvgPool; worse in both: stock and TIPS'
    assert standings([], 'segmentation') == 'none'
    assert [joined(['a', 'b', 'c'][:count]) for count in range(4)] == ['none', 'a', 'a and b', 'a, b and c']


def test_the_summary_has_the_best_of_each_task():
    lines = summary(invented(seeds=3)).splitlines()
    assert lines[2].startswith('| segmentation, mean over 3 settings | TIPS phase, ')
    assert lines[3].startswith('| classification, mean over 1 setting | ')
    assert lines[2].split(' | ')[-1].startswith('-')
    assert lines[2].endswith('standard foreground consistency: worse |')


def test_the_best_stands_beside_blurpool(trio):
    means = pooled_means({ZEROS: trio}, SCORE['segmentation'])
    found = {name: of.score for name, of in judge_task({ZEROS: trio}, 'segmentation', 'final').items()}
    assert said_best(means, found).startswith('TIPS phase, 64.0 (62.9 to 65.1); against BlurPool +4.0 (+3.9 to +4.1): ')
    assert said_best(means, found).endswith(': better')
    assert said_best(dict(BlurPool=means['BlurPool']), found) == 'BlurPool, 60.0 (59.0 to 61.0)'
    assert said_best({}, found) == 'not measured'
