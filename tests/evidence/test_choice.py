# Copyright (c) mmtips authors. All rights reserved.
from dataclasses import replace

import pytest

from mmtips.evidence.choice import best_rate, chosen_rates, equal_time, widened
from mmtips.evidence.plan import Operator, Study
from tests.evidence.factory import make_plan, row

SEARCH = [row('stock', 0.001, 0.7), row('stock', 0.002, 0.8), row('TIPS', 0.001, 0.6),
          row('APS', 0.001, 0.4, setting='resnet18-circular'), row('APS', 0.002, 0.3, setting='resnet18-circular'),
          row('stock', 0.01, 0.2, setting='deeplab-zeros', seconds=6, iterations=60),
          row('TIPS', 0.01, 0.1, setting='deeplab-zeros', seconds=9, iterations=60)]


def test_the_highest_mean_wins():
    rows = [row('x', 0.1, 0.5, 0), row('x', 0.1, 0.7, 1), row('x', 0.2, 0.9, 0), row('x', 0.2, 0.2, 1)]
    assert best_rate(rows, (0, 1)) == 0.1


def test_of_equal_ones_the_lowest():
    assert best_rate([row('x', 0.2, 0.5), row('x', 0.1, 0.5), row('x', 0.05, 0.4)], (100, )) == 0.1


def test_a_rate_with_which_a_seed_diverged_is_out():
    rows = [row('x', 0.1, 0.5, 0), row('x', 0.1, 0.5, 1), row('x', 0.2, 0.9, 0)]
    assert best_rate(rows, (0, 1)) == 0.1
    with pytest.raises(ValueError, match='if all diverged, give the plan lower rates'):
        best_rate(rows[2:], (0, 1))


@pytest.mark.parametrize(('scores', 'tried'), [
    ((.5, .6, .4), (.01, .02, .04)),  # inside
    ((.7, .6, .4), (.01, .02, .04, .005)),
    ((.4, .5, .6), (.01, .02, .04, .08)),
    ((.6, .6, .6), (.01, .02, .04, .005)),  # of equal ones the lowest
    ((.4, .6), (.01, .02, .04)),  # one diverged
    ((), (.01, .02, .04)),
])
def test_whom_an_edge_suits_best_gets_one_step_more(scores, tried):
    plan = make_plan()
    plan = replace(plan, networks=dict(plan.networks, resnet18=replace(
        plan.networks['resnet18'], learning_rates=(.01, .02, .04))))
    rows = [row('stock', rate, score) for rate, score in zip((.01, .02, .04), scores, strict=False)]
    assert widened(plan, rows)('resnet18', 'stock') == tried
    if len(tried) == 4:
        beyond = [*rows, row('stock', tried[-1], .99)]
        assert widened(plan, beyond)('resnet18', 'stock') == tried  # once, and no further
        assert chosen_rates(replace(plan, operators=dict(stock=plan.operators['stock'])),
                            [*beyond, *SEARCH])('resnet18', 'stock') == (tried[-1], )


def test_a_grid_that_is_all_edge_stays_as_it_is():
    assert widened(make_plan(), SEARCH)('resnet18', 'stock') == (0.001, 0.002)


def test_each_operator_has_its_own_rate_in_each_network_whatever_the_padding():
    rates = chosen_rates(make_plan(), SEARCH)
    assert [rates('resnet18', name) for name in ('stock', 'TIPS', 'APS')] == [(0.002, ), (0.001, ), (0.001, )]
    assert rates('deeplab', 'TIPS') == (0.01, )


def test_a_variant_has_the_rate_that_it_names():
    plan = make_plan()
    study = Study('val', (0, ), extra={'taps 4': Operator(dict(type='TIPS', taps=4), rate_of='stock')})
    rates = chosen_rates(replace(plan, studies=dict(plan.studies, ablation=study)), SEARCH)
    assert rates('resnet18', 'taps 4') == (0.002, )


def test_rates_that_left_the_plan_are_not_chosen():
    rows = [*SEARCH, row('stock', 0.5, 0.99)]
    assert chosen_rates(make_plan(), rows)('resnet18', 'stock') == (0.002, )


def test_a_search_without_rows_of_an_operator_says_whose():
    with pytest.raises(ValueError, match='search: TIPS in resnet18-zeros: expected a learning rate'):
        chosen_rates(make_plan(), [of for of in SEARCH if of['operator'] != 'TIPS'])


def test_iterations_of_equal_time_by_hand():
    """6 s for 60 iterations are 0.1 s, 9 s are 0.15 s: 60 * 0.1 / 0.15 = 40."""
    length = equal_time(make_plan(), SEARCH, 'stock')
    assert length('deeplab', 'stock') == 60
    assert length('deeplab', 'TIPS') == 40


def test_times_are_sums_over_sums():
    """The slower of two trainings of TIPS is the longer one: (9 + 31) s / (60 + 140) = 0.2 s, 60 * 0.1 / 0.2 = 30."""
    rows = [*SEARCH, row('TIPS', 0.02, 0.1, setting='deeplab-zeros', seconds=31, iterations=140)]
    assert equal_time(make_plan(), rows, 'stock')('deeplab', 'TIPS') == 30


def test_an_unknown_time_is_an_error():
    with pytest.raises(ValueError, match='no training time of APS in deeplab is known'):
        equal_time(make_plan(), SEARCH, 'stock')('deeplab', 'APS')
