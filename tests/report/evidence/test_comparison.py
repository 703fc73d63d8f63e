# Copyright (c) mmtips authors. All rights reserved.
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mmtips.report.evidence.comparison import (
    against_all,
    cost_ratio,
    differences,
    judge_controls,
    judge_task,
    pooled_means,
)
from mmtips.report.evidence.correlations import cloud, correlated, correlation_table, within
from mmtips.report.evidence.measures import PRIMARY, SCORE
from mmtips.report.evidence.statistics import BETTER, UNTOLD, WORSE, verdict
from mmtips.report.evidence.studies import by_setting
from mmtips.report.evidence.tables import (
    difference_table,
    fair_table,
    pooled_control_table,
    pooled_table,
    said_difference,
)
from mmtips.report.evidence.variants import said_config, variant_table
from tests.report.evidence.factory import around, cells, invented, row, study

SETTINGS = {'a-zeros': 'segmentation', 'b-zeros': 'segmentation'}

@pytest.fixture
def trio():
    """TIPS far behind BlurPool, another form ahead of it in every seed, and average pooling about there."""
    return cells(stock=around(.5, .8), BlurPool=around(.6), TIPS=around(.4, 2), AvgPool=around(.601, -1),
                 TIPS_phase=around(.64, 1.1))


def against_blurpool(settings):
    return differences(settings, SCORE['segmentation'], against_all(settings, 'BlurPool', 'final'), 'final')


def test_differences_against_scipy(trio):
    found = against_blurpool({'here': trio})
    assert list(found) == ['stock', 'TIPS', 'AvgPool', 'TIPS phase']
    reference = [100 * of['score'] for of in trio['BlurPool'].values()]
    raw = {name: stats.ttest_rel([100 * of['score'] for of in trio[name].values()], reference) for name in found}
    for name, of in found.items():
        assert of.p == pytest.approx(raw[name].pvalue, abs=1e-12)
        bounds = raw[name].confidence_interval()
        assert (of.mean.low, of.mean.high) == pytest.approx((bounds.low, bounds.high))
    order = sorted(found, key=lambda name: raw[name].pvalue)
    expected = np.maximum.accumulate([(4 - rank) * raw[name].pvalue for rank, name in enumerate(order)])
    assert [found[name].adjusted for name in order] == pytest.approx(list(np.minimum(expected, 1)))
    assert [verdict(found[name]) for name in ('TIPS', 'AvgPool', 'TIPS phase')] == [WORSE, UNTOLD, BETTER]


def test_a_missing_cell_is_an_error_that_names_it(trio):
    del trio['TIPS'][3]
    with pytest.raises(ValueError, match=r'final, TIPS against BlurPool, mIoU, here: expected the same seeds on '
                                         r'both sides, got \[0, 1, 2, 4\] and \[0, 1, 2, 3, 4\]'):
        against_blurpool({'here': trio})
    del trio['BlurPool']
    with pytest.raises(ValueError, match="final, here: no rows of 'BlurPool', with which the others are compared"):
        against_blurpool({'here': trio})


def test_pooled_differences_by_hand():
    settings = {'a-zeros': cells(BlurPool=[.5, .5], TIPS=[.51, .52], APS=[.4, .4]),
                'b-zeros': cells(BlurPool=[.6, .6], TIPS=[.63, .66])}
    found = against_blurpool(settings)
    assert found['TIPS'].mean.value == pytest.approx(3)  # of seed 0 (1 + 3) / 2, of seed 1 (2 + 6) / 2
    assert found['TIPS'].mean.half == pytest.approx(12.7062, abs=1e-4)
    assert found['TIPS'].settings == ('a-zeros', 'b-zeros')
    assert found['APS'].mean.value == pytest.approx(-10)
    assert found['APS'].settings == ('a-zeros', )
    means = pooled_means(settings, SCORE['segmentation'])
    assert {name: of.value for name, of in means.items()} == pytest.approx(dict(BlurPool=55, TIPS=58))
    del settings['b-zeros']['TIPS'][1]
    with pytest.raises(ValueError, match='final, TIPS against BlurPool, mIoU, b-zeros: expected the same seeds'):
        against_blurpool(settings)


def test_cost_is_a_ratio_of_sums():
    of = cells(BlurPool=[.5, .5], TIPS=[.5, .5])
    of['TIPS'][0]['seconds'], of['TIPS'][1]['seconds'] = 100., 20.
    assert cost_ratio(dict(a=of), 'TIPS') == 120 / 80


def judged(trio, **seconds):
    for name, of in seconds.items():
        for found in trio[name.replace('_', ' ')].values():
            found['seconds'] = of
    return judge_task({'deeplabv3plus-zeros': trio}, 'segmentation', 'final')


def test_the_bar(trio):
    found = judged(trio)
    assert [name for name, of in found.items() if of.clears] == ['TIPS phase']
    assert found['TIPS phase'].verdicts == (BETTER, BETTER)
    assert not judged(trio, TIPS_phase=80.1)['TIPS phase'].clears
    assert judged(trio, TIPS_phase=80.)['TIPS phase'].clears
    for of in trio['TIPS phase'].values():  # as far behind in consistency as ahead in score
        of['consistency']['standard']['foreground'] -= .08
    assert judged(trio)['TIPS phase'].verdicts == (BETTER, WORSE)
    assert not judged(trio)['TIPS phase'].clears


@pytest.mark.parametrize(('scale', 'clears'), [(.55, True), (0, False)])
def test_a_loss_that_is_not_told_apart_is_none_only_if_its_interval_says_so(scale, clears):
    """A third of a point lost: with seeds that nearly agree the interval stays above -1, with others it does not."""
    of = cells(BlurPool=around(.6), TIPS=around(.597, scale))
    for seed_row in of['TIPS'].values():
        seed_row['consistency']['standard']['foreground'] = .9 + seed_row['score'] / 100
    found = judge_task({'deeplabv3plus-zeros': of}, 'segmentation', 'final')['TIPS']
    assert found.verdicts == (UNTOLD, BETTER)
    assert found.clears is clears


def test_controls_are_adjusted_together():
    """Two comparisons with controls: each p is doubled, as Holm has it for two that are equal."""
    of = cells(BlurPool=around(.6), A=around(.61, .5), B=around(.61, .5))
    for name in ('A', 'B'):
        for seed_row in of[name].values():
            seed_row['control'] = 'BlurPool'
    settings = {'deeplabv3plus-zeros': of}
    found = judge_controls(settings, 'segmentation', 'final')
    assert found['A'].score.adjusted == pytest.approx(2 * found['A'].score.p)
    assert (found['A'].other, found['A'].score.settings) == ('BlurPool', ('deeplabv3plus-zeros', ))
    lines = pooled_control_table(settings, 'segmentation', 'final').splitlines()
    assert lines[0] == '| segmentation: against its control | control | settings | mIoU | standard, foreground | ' \
                       'circular, foreground | training s / that | gains on it |'
    assert lines[2].startswith('| A | BlurPool | 1 of 1 | +1.0 (')
    assert len(lines) == 4
    assert pooled_control_table({'deeplabv3plus-zeros': cells(BlurPool=[.5])}, 'segmentation', 'final') == ''


def test_tables(trio):
    lines = fair_table(trio).splitlines()
    assert lines[0].startswith('| operator | seeds | mIoU | foreground mIoU | standard | standard, foreground |')
    assert [line.split(' | ')[0] for line in lines[2:]] == ['| TIPS phase', '| AvgPool', '| BlurPool', '| stock',
                                                           '| TIPS']
    assert lines[4].startswith('| BlurPool | 5 | 60.0 ± 1.0 |')
    assert 'iterations' not in lines[0]
    trio['TIPS'][0]['iterations'] = 500
    assert '| iterations |' in fair_table(trio).splitlines()[0]
    lines = difference_table('here', trio, 'BlurPool', 'final').splitlines()
    assert lines[0] == '| against BlurPool | mIoU | standard, foreground | circular, foreground | training s / ' \
                       'BlurPool |'
    assert lines[-1].startswith('| TIPS | -20.0 (-21.0 to -19.0) **worse** |')
    assert [line.split(' | ')[0] for line in lines[2:]] == ['| TIPS phase', '| AvgPool', '| stock', '| TIPS']
    *lines, _, said = pooled_table({'deeplabv3plus-zeros': trio}, 'segmentation', 'final').splitlines()
    assert said == 'Against BlurPool in segmentation: better in both: TIPS phase; not told apart in either: AvgPool; ' \
                   'worse in both: stock and TIPS.'
    assert lines[2].startswith('| TIPS phase | 1 of 1 | +4.0 (')
    assert [line.split(' | ')[-1] for line in lines[2:]] == ['yes |', 'no |', 'no |', 'no |']


def test_one_seed_is_shown_without_a_verdict():
    found = study([row(operator='BlurPool', score=.5), row(score=.6)], 'variants')
    lines = variant_table(found, 'BlurPool').splitlines()
    assert lines[2].startswith("| BlurPool | `type='BlurPool'` | 1 | 50.0 | 80.0 |")
    assert lines[3].startswith("| TIPS | `type='TIPS'` | 1 | +10.0 (one seed) | ")
    assert said_difference(None) == '-'


@pytest.mark.parametrize(('config', 'baseline', 'said'), [
    (dict(type='TIPS', taps=4), {}, "`type='TIPS', taps=4`"),
    (dict(type='TIPS', taps=4), dict(type='TIPS'), '`taps=4`'),
    (dict(type='TIPS'), dict(type='TIPS', taps=4), '`no taps`'), (dict(type='TIPS'), dict(type='TIPS'), 'as TIPS'),
    (dict(type='APS'), dict(type='TIPS'), "`type='APS'`"), ({}, dict(type='TIPS'), 'none')])
def test_configs(config, baseline, said):
    assert said_config(config, baseline) == said


def test_correlations_are_within_settings():
    settings = by_setting(invented(settings=SETTINGS, seeds=2))
    clouds = {setting: cloud(of, 'selection') for setting, of in settings.items()}
    assert len(clouds['a-zeros'].names) == 12
    assert len(cloud(settings['a-zeros'], 'weight').names) == 11  # StridedConv has none
    own = clouds['a-zeros']
    assert correlated(own)['Spearman']['value'] == pytest.approx(stats.spearmanr(own.bias, own.consistency).statistic)
    joint = within(clouds)
    assert joint.bias.sum() == pytest.approx(0, abs=1e-9)
    assert joint.bias.std() == joint.consistency.std() == pytest.approx(1)
    squeezed = dict(clouds, **{'b-zeros': replace(clouds['b-zeros'], consistency=clouds['b-zeros'].consistency / 50)})
    again = within(squeezed)  # no setting counts for more because it spreads wider
    assert again.consistency == pytest.approx(joint.consistency)
    lines = correlation_table(settings).splitlines()
    assert [line.split(' | ')[1] for line in lines[2:]] == ['12', '12', '24', '11', '11', '22']
    settings['a-zeros']['max'] = settings['a-zeros']['MaxPool']  # one network under two names
    for of in settings['a-zeros']['TIPS phase'].values():
        of['plain'] = False
    assert set(cloud(settings['a-zeros'], 'selection').names) == set(own.names) - {'TIPS phase'}
    few = by_setting(invented(settings=['a-zeros'], operators={'BlurPool': (.5, .5, .1, 1)}, seeds=2))
    assert correlated(cloud(few['a-zeros'], 'selection')) is None
    assert '| too few cells |' in correlation_table(few)
    assert within({}).names == ()


def test_a_classifier_is_judged_by_all_its_predictions():
    assert PRIMARY['classification'].read(row('resnet-zeros', consistency=.7)) == .7
    assert PRIMARY['segmentation'].said == 'standard foreground consistency'
