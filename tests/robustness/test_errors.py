# Copyright (c) mmtips authors. All rights reserved.
import pytest

from mmtips.robustness import (
    compare_sections,
    corruption_errors,
    error_table,
    mean_corruption_error,
    relative_mean_corruption_error,
)

# Two corruptions at two severities. Errors of the model: 20 + 40 and 10 + 20; of the baseline: 50 + 70 and 30 + 30.
SCORES = dict(fog={'1': 80., '5': 60.}, snow={'1': 90., '5': 80.})
BASELINE = dict(fog={'1': 50., '5': 30.}, snow={'1': 70., '5': 70.})


def test_mce_by_hand():
    errors, baseline = error_table(SCORES), error_table(BASELINE)
    assert errors == dict(fog={'1': 20, '5': 40}, snow={'1': 10, '5': 20})
    assert corruption_errors(errors, baseline) == pytest.approx(dict(fog=100 * 60 / 120, snow=100 * 30 / 60))
    assert mean_corruption_error(errors, baseline) == pytest.approx(50)
    assert mean_corruption_error(baseline, baseline) == pytest.approx(100)  # what AlexNet has in the paper


def test_relative_mce_by_hand():
    # Clean errors 5 and 20: fog (15 + 35) / (30 + 50) = 62.5 %, snow (5 + 15) / (10 + 10) = 100 %.
    errors, baseline = error_table(SCORES), error_table(BASELINE)
    assert relative_mean_corruption_error(errors, 5, baseline, 20) == pytest.approx((62.5 + 100) / 2)
    study, base = (dict(metric='mIoU', clean=clean, images=5, seed=0, corruptions=scores)
                   for clean, scores in ((95., SCORES), (80., BASELINE)))
    assert compare_sections(study, base) == pytest.approx({'mCE': 50, 'relative mCE': 81.25})


def test_corruptions_weigh_the_same_however_large_their_errors():
    errors = dict(fog={'1': 1.}, snow={'1': 90.})
    assert mean_corruption_error(errors, dict(fog={'1': 2.}, snow={'1': 90.})) == pytest.approx((50 + 100) / 2)


@pytest.mark.parametrize(('errors', 'baseline', 'message'), [
    (dict(fog={'1': 1.}), dict(fog={'1': 1., '5': 2.}), 'errors: .* absent here: fog at severity 5'),
    (dict(fog={'1': 1.}, snow={'3': 1.}), dict(fog={'1': 1.}), 'baseline: .* absent here: snow at severity 3'),
    ({}, {}, 'at least one severity'),
    (dict(fog={}), dict(fog={}), r"got none of \['fog'\]"),
    (dict(fog={'1': 1.}), dict(fog={'1': 0.}), 'under fog are, summed, 0 above 0'),
])
def test_tables_that_cannot_be_compared(errors, baseline, message):
    with pytest.raises(ValueError, match=message):
        mean_corruption_error(errors, baseline)


@pytest.mark.parametrize('score', [-1., 101., float('nan')])
def test_a_score_that_is_no_percentage(score):
    with pytest.raises(ValueError, match='at fog, severity 3'):
        error_table(dict(fog={'3': score}))


def test_two_metrics_are_not_compared():
    studies = [dict(metric=metric, clean=90., images=5, seed=0, corruptions=SCORES)
               for metric in ('mIoU', 'accuracy/top1')]
    with pytest.raises(ValueError, match="expected metric 'mIoU', got 'accuracy/top1'"):
        compare_sections(*studies)
    with pytest.raises(ValueError, match='expected images 5, got 9'):
        compare_sections(studies[0], dict(studies[0], images=9))
