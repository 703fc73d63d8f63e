# Copyright (c) mmtips authors. All rights reserved.
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mmtips.report.evidence.statistics import (
    BETTER,
    UNTOLD,
    WORSE,
    Difference,
    Estimate,
    adjust,
    holm,
    mean_interval,
    paired_difference,
    pooled_difference,
    verdict,
)

FLOATS = st.floats(-10, 10, width=32)


def naive_holm(p_values):
    """The textbook's way: the smallest of all p is held against m, then that of the rest against m - 1, and so on."""
    left, found, before = dict(enumerate(p_values)), {}, 0.
    while left:
        index = min(left, key=left.get)
        before = found[index] = max(before, min(1., len(left) * left.pop(index)))
    return [found[index] for index in range(len(p_values))]


def test_a_mean_by_hand():
    # Mean 4, s = 2, standard error 2 / sqrt(4) = 1, and t(0.975, 3) = 3.182446.
    found = mean_interval([2., 4., 4., 6.])
    assert found.value == 4
    assert found.half == pytest.approx(3.182446 * math.sqrt(8 / 3) / 2, abs=1e-6)
    assert (found.low, found.high) == (4 - found.half, 4 + found.half)
    assert found.seeds == 4


@given(st.lists(FLOATS, min_size=2, max_size=9).filter(lambda of: np.ptp(of) > 1e-3))
def test_a_mean_against_scipy(values):
    theirs = stats.ttest_1samp(values, 0).confidence_interval(.95)
    found = mean_interval(values)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=1e-6, abs=1e-6)


def test_an_interval_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(0)
    draws = random.standard_normal((2000, 5)) + 3
    covered = sum(of.low <= 3 <= of.high for of in map(mean_interval, draws.tolist()))
    assert covered / 2000 == pytest.approx(.95, abs=.015)


def test_one_seed_has_no_interval_and_none_no_mean():
    assert mean_interval([.5]) == Estimate(.5, None, None, 1)
    assert mean_interval([.5]).half is None
    assert mean_interval([.1] * 3) == Estimate(pytest.approx(.1), *[pytest.approx(.1)] * 2, 3)
    assert mean_interval([.1] * 3).half == 0
    with pytest.raises(ValueError, match='values: expected at least one, got none'):
        mean_interval([])


def test_a_paired_difference_by_hand():
    # Differences 1, 2, 3: mean 2, standard error 1 / sqrt(3), t = 3.4641, p = 0.0742 with 2 degrees of freedom.
    found = paired_difference({0: 11., 1: 22., 2: 33.}, {2: 30., 1: 20., 0: 10.})
    assert found.mean.value == 2
    assert found.mean.half == pytest.approx(4.302653 / math.sqrt(3), abs=1e-5)
    assert found.p == found.adjusted == pytest.approx(.0742, abs=5e-5)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=2, max_size=8).filter(
    lambda of: np.ptp([a - b for a, b in of]) > 1e-3))
def test_a_paired_difference_against_scipy(pairs):
    ours = paired_difference(dict(enumerate(a for a, _ in pairs)), dict(enumerate(b for _, b in pairs)))
    theirs = stats.ttest_rel(*zip(*pairs, strict=True))
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-5, abs=1e-9)
    assert (ours.mean.low > 0 or ours.mean.high < 0) == (ours.p < .05)


@pytest.mark.parametrize('values', [(1., 1.), (2., 2.), (2., )])
def test_differences_that_do_not_vary_have_no_p_and_are_not_told_apart(values):
    found = paired_difference(dict(enumerate(values)), dict.fromkeys(range(len(values)), 1.))
    assert found.p is None
    assert verdict(found) == UNTOLD


@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match='here: expected finite values, got {0: (nan|inf), 1: 2.0} and'):
        paired_difference({0: value, 1: 2.}, {0: 1., 1: 1.}, 'here')


@pytest.mark.parametrize(('values', 'baseline'), [({0: 1.}, {0: 1., 1: 1.}), ({0: 1., 1: 1.}, {1: 1.}), ({}, {})])
def test_a_missing_seed_is_an_error_that_names_the_cell(values, baseline):
    with pytest.raises(ValueError, match=rf'unet, APS: expected the same seeds on both sides, got '
                                         rf'\{list(values)} and \{list(baseline)}'):
        paired_difference(values, baseline, 'unet, APS')


def test_a_pooled_difference_by_hand():
    # Of seed 0 the differences 1 and 3, of seed 1 2 and 6: means 2 and 4, their mean 3, standard error 1.
    baseline = {'a': {0: 0., 1: 0.}, 'b': {0: 10., 1: 10.}}
    found = pooled_difference({'a': {0: 1., 1: 2.}, 'b': {0: 13., 1: 16.}}, baseline)
    assert found.mean.value == 3
    assert found.mean.half == pytest.approx(12.7062, abs=1e-4)
    assert found.p == pytest.approx(stats.ttest_1samp([2, 4], 0).pvalue)


def test_pooling_is_strict():
    one = {0: 1., 1: 2.}
    with pytest.raises(ValueError, match=r"APS: expected the same settings on both sides, got \['a'\] and \['b'\]"):
        pooled_difference({'a': one}, {'b': one}, 'APS')
    with pytest.raises(ValueError, match='APS, b: expected the same seeds on both sides'):
        pooled_difference({'a': one, 'b': one}, {'a': one, 'b': {0: 1.}}, 'APS')
    with pytest.raises(ValueError, match=r'APS: expected the same seeds in all settings, got \[0, 1\] in a and \[0\]'):
        pooled_difference({'a': one, 'b': {0: 1.}}, {'a': one, 'b': {0: 1.}}, 'APS')


def test_holm_by_hand():
    # In order .01, .02, .03, .04: times 4, 3, 2, 1 is .04, .06, .06, .04, and none may fall below the one before.
    assert holm([.04, .01, .03, .02]) == pytest.approx([.06, .04, .06, .06])
    assert holm([.5, .9]) == [1, 1]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_against_the_textbook(p_values):
    assert holm(p_values) == pytest.approx(naive_holm(p_values))


def test_what_has_no_p_value_counts_for_no_adjustment():
    of = {name: Difference(Estimate(1., 0., 2., 2), p, p) for name, p in dict(a=.02, b=None, c=.03).items()}
    assert [found.adjusted for found in adjust(of).values()] == [.04, None, .04]


@pytest.mark.parametrize(('mean', 'adjusted', 'good', 'word'), [
    (1., .049, 'highest', BETTER), (-1., .049, 'highest', WORSE), (1., .05, 'highest', UNTOLD),
    (1., .049, 'lowest', WORSE), (-1., .001, 'lowest', BETTER), (1., None, 'highest', UNTOLD)])
def test_verdicts(mean, adjusted, good, word):
    assert verdict(Difference(Estimate(mean, None, None, 3), .0, adjusted), good) == word


def test_no_other_end_is_good():
    with pytest.raises(ValueError, match="good: expected 'highest' or 'lowest', got ''"):
        verdict(Difference(Estimate(1., 0., 2., 3), 0., 0.), '')
