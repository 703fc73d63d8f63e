# Copyright (c) mmtips authors. All rights reserved.
"""Goals, growth and figures on results made by hand, and the page on those that are committed."""

import copy
from functools import partial
from pathlib import Path

import pytest

from mmtips import benchmark, report
from mmtips.benchmark import goals
from mmtips.benchmark.candidates import LOSSES, RELEASED, RELEASED_LOSSES, STOCK
from mmtips.benchmark.figures import growth_figure, ratio_figure
from mmtips.benchmark.goals import GOALS, Goal, goals_table, judge, missed_reasons
from mmtips.benchmark.growth import fit_exponent, growth, growth_table
from mmtips.benchmark.page import outstanding, parts
from mmtips.benchmark.reasons import REASONS
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.suites import CHANNELS, CHANNELS_SIDE, PLANS, SHAPES, SIDE_CHANNELS, SIDES, STRIDE_SHAPE, STRIDES
from tests.benchmark.factory import case, result, row, samples

ROOT = Path(__file__).parents[2]


def test_ratios_of_goals_are_those_within_the_rounds():
    rows = [row('TIPS', forward=[2, 20, 8]), row('BlurPool', forward=[1, 10, 4], step=[5, 5, 5], saved=400),
            row(RELEASED, forward=[10, 100, 40]), row(RELEASED_LOSSES, step=[30, 30, 30], saved=900),
            row(LOSSES, step=[10, 15, 10], saved=100, share=0.25)]
    of = result([case(rows, (8, 64, 56, 56)), case(rows, (2, 256, 64, 64))])
    shape = (8, 64, 56, 56)
    assert goals.times_of(of, 'TIPS', 'BlurPool', 'forward', shape) == 2
    assert goals.times_of(of, RELEASED, 'TIPS', 'forward', shape) == 5
    assert goals.times_of(of, RELEASED_LOSSES, LOSSES, 'step', shape) == 3
    assert goals.kept_of(of, LOSSES, RELEASED_LOSSES, shape) == pytest.approx(1 / 9)
    assert goals.share_of(of, LOSSES, shape) == 0.25
    assert goals.overhead_of(result([case(rows)]), LOSSES, 'BlurPool', 'step') == 1
    with pytest.raises(ValueError, match=r'shape: expected one of .*, got \(1, 1, 1, 1\)'):
        goals.times_of(of, 'TIPS', 'BlurPool', 'forward', (1, 1, 1, 1))
    with pytest.raises(ValueError, match="name: expected one of .*, got 'APS'"):
        goals.times_of(of, 'APS', 'BlurPool', 'forward', shape)


def test_the_best_placement_is_that_of_the_fastest_tips(monkeypatch):
    monkeypatch.setattr(goals, 'PLACEMENTS', dict(default={}, before={}, other={}))
    of = result([case([row(STOCK, forward=[10] * 3), row('TIPS, default', forward=[15] * 3),
                       row('BlurPool, default', forward=[11] * 3), row('TIPS, before', forward=[12] * 3),
                       row('BlurPool, before', forward=[10] * 3)])])
    assert goals.best_placement(of) == 'before'
    assert goals.placed_of(of) == pytest.approx(1.2)
    assert goals.placed_of(of, 'BlurPool') == pytest.approx(1.2)


def test_verdicts():
    setting = Setting()
    made = [Goal('a', 's', setting, lambda of: 2., 2), Goal('b', 's', setting, lambda of: 2.01, 2),
            Goal('c', 's', setting, lambda of: 0.599, 0.6, at_most=False, percent=True),
            Goal('d', 's', Setting('cuda'), lambda of: 1., 2)]
    verdicts = judge(made, {'s-cpu-float32-t1': {}})
    assert [verdict.met for verdict in verdicts] == [True, False, False, None]
    rows = goals_table(verdicts)[1]
    assert rows[0] == ['a', '`s-cpu-float32-t1`', 'at most 2.00', '2.00', 'met']
    assert rows[2][2:] == ['at least 60.0 %', '59.9 %', '**not met**']
    assert rows[3][3:] == ['outstanding', 'not measured']


def grown(of_pixels=1., of_channels=1.):
    """A result whose times follow powers."""
    def cell(shape, stride):
        ms = 1e-6 * (shape[2] * shape[3])**of_pixels * shape[1]**of_channels / stride
        rows = [row('TIPS', forward=[ms] * 3, step=[3 * ms] * 3), row('BlurPool', forward=[5.] * 3)]
        copied = dict(copy=dict(bytes=8, ms=samples([1e-3 * shape[2]] * 3)))  # as the root of the pixels
        return case(rows, shape, stride) | copied

    shapes = [((1, SIDE_CHANNELS, side, side), 2) for side in SIDES] + [(STRIDE_SHAPE, s) for s in STRIDES]
    shapes += [((1, channels, CHANNELS_SIDE, CHANNELS_SIDE), 2) for channels in CHANNELS]
    return result([cell(*shape) for shape in shapes], 'growth')


def test_exponents_by_hand():
    assert fit_exponent([1, 10, 100], [3, 30, 300]) == pytest.approx(1)
    assert fit_exponent([1, 2, 4], [5, 20, 80]) == pytest.approx(2)
    with pytest.raises(ValueError, match='sizes: expected at least 3 different ones'):
        fit_exponent([1, 1, 2], [1, 1, 2])


def test_each_axis_has_its_cases():
    of = grown(1.5, 0.5)
    pixels = growth(of, 'pixels')[0]
    assert pixels.sizes == [side**2 for side in SIDES]
    assert pixels.exponent == pytest.approx(1.5)
    assert growth(of, 'channels', 'step')[0].exponent == pytest.approx(0.5)
    assert growth(of, 'channels')[0].sizes == sorted([*CHANNELS, SIDE_CHANNELS])  # its side is one of SIDES
    assert growth(of, 'stride')[0].exponent == pytest.approx(-1)
    assert [series.exponent for series in growth(of, 'pixels')] == pytest.approx([1.5, 0, 0.5])
    assert [series.name for series in growth(of, 'pixels', 'step')] == ['TIPS', 'BlurPool']
    headings, rows = growth_table(of)
    assert rows[2][1] == '0.50'
    assert rows[2][4:] == ['-', '-', '-']
    assert rows[0] == ['TIPS', '1.50', '0.50', '-1.00', '1.50', '0.50', '-1.00']
    assert headings[1] == 'forward, in pixels'
    with pytest.raises(ValueError, match="axis: expected at least 3 cases along 'pixels', got 0"):
        growth(result([case([row('TIPS')])]), 'pixels')


def test_figures_say_what_was_measured():
    figure = growth_figure(grown(1.5))
    assert len(figure.axes) == 6
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ['TIPS: 1.50', 'BlurPool: 0.00', 'copy of the input: 0.50']
    marks, line = figure.axes[0].lines[:2]
    assert list(marks.get_xdata()) == [side**2 for side in SIDES]
    assert list(line.get_ydata()) == pytest.approx([marks.get_ydata()[0], marks.get_ydata()[-1]])
    rows = [row('TIPS', ratios={'BlurPool': 2.5}), row('BlurPool', ratios={'BlurPool': 1.})]
    axes = ratio_figure(result([case(rows)])).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ['TIPS', 'BlurPool']
    assert axes.lines[0].get_xdata() == [2.5]


def test_what_is_outstanding_is_said():
    nothing = outstanding({})
    assert 'GPU figures are outstanding' in nothing
    assert 'make benchmark DEVICE=cuda' in nothing
    cpu = {f'{suite}-{setting.name}': result([case([row('TIPS')])]) for setting, suites in PLANS['cpu']
           for suite in suites}
    assert 'CPU (CPU (x)): ' in outstanding(cpu)
    assert 'all that are planned' in outstanding(cpu)
    del cpu['unet-cpu-float32-t1']
    assert '**outstanding**: `unet-cpu-float32-t1`.' in outstanding(cpu)


def test_every_goal_can_be_judged_from_what_is_planned():
    planned = {f'{suite}-{setting.name}' for device in PLANS for suite, setting in benchmark.planned(device)}
    for goal in GOALS:
        assert f'{goal.suite}-{goal.setting.name}' in planned, goal.text
        suite = benchmark.SUITES[goal.suite]()
        assert isinstance(goal.value, partial) or goal.value is goals.placed_of
        names = {name for c in suite.cases for name in c.candidates}
        asked = goal.value.keywords if isinstance(goal.value, partial) else {}
        placed = goal.suite == 'placements'
        assert placed or {asked[key] for key in ('name', 'reference') if key in asked} <= names, goal.text
        assert asked.get('shape') in (None, *SHAPES)


def test_the_page_and_cards_show_the_committed_results(tmp_path):
    results = benchmark.load_results(ROOT / 'results/benchmarks')
    page = tmp_path / 'performance.md'
    page.write_text((ROOT / 'docs/performance.md').read_text())
    benchmark.render_page(page, results, benchmark.load_profiles(ROOT / 'results/benchmarks'))
    assert page.read_text() == (ROOT / 'docs/performance.md').read_text()
    cards = {path.name: path.read_text() for path in (ROOT / 'docs/operators').glob('*.md')}
    for name, text in cards.items():
        (tmp_path / name).write_text(text)
    page.unlink()
    benchmark.render_cards(tmp_path, results)
    assert cards == {path.name: path.read_text() for path in tmp_path.glob('*.md')}


def test_every_committed_file_is_named_after_what_it_holds():
    for name, of in benchmark.load_results(ROOT / 'results/benchmarks').items():
        assert name == f"{of['suite']}-{Setting(**of['setting']).name}"
        assert of['setting']['device'] == 'cuda' or of['run']['threads'] == of['setting']['threads']


def test_every_part_of_the_page_has_figures():
    made = parts({'growth-cpu-float32-t1': grown()}, {})
    assert made['growth'].startswith('| exponent |')
    assert made['layers'] == made['networks'] == 'Not measured yet.'
    assert '1.00 | met |' in made['goals']
    assert 'Why goals are missed' not in made['goals']


def test_a_missed_goal_has_a_reason_with_figures():
    setting = Setting()
    made = [Goal('a', 's', setting, lambda of: 2., 1, reason='growth in pixels'),
            Goal('b', 's', setting, lambda of: 2., 1, reason='growth in pixels'),
            Goal('c', 's', setting, lambda of: 2., 3, reason='another'), Goal('d', 's', setting, lambda of: 2., 1)]
    results = {'s-cpu-float32-t1': {}, 'growth-cpu-float32-t1': grown(1.5)}
    verdicts = judge(made, results)
    assert [cells[4] for cells in goals_table(verdicts)[1]] == [
        '**not met**: *growth in pixels*', '**not met**: *growth in pixels*', 'met', '**not met**']
    lines = missed_reasons(verdicts, results, {}).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith('* *growth in pixels*: a copy of the input')
    assert 'exponent 0.50 in the same rounds, and TIPS with 1.00 more in the forward and 1.00 more' in lines[2]
    assert lines[3] == '* 1 goal(s) are missed for reasons that are not known yet.'
    assert missed_reasons(judge(made[2:3], results), results, {}) == ''


def test_the_table_names_reasons_that_there_are():
    assert {goal.reason for goal in GOALS if goal.reason} & set(REASONS) == set(REASONS)


def test_incomplete_benchmarks_are_refused():
    whole = result([case([row('TIPS')])])
    assert report.validate(whole)
    broken = copy.deepcopy(whole)
    del broken['cases'][0]['rows'][0]['macs']
    with pytest.raises(ValueError, match=r"\$.cases\[0\].rows\[0\]: 'macs' is a required property"):
        report.validate(broken)
    with pytest.raises(ValueError, match='schema 1; this mmtips reads schema 2: measure it again with tools/bench'):
        report.validate(dict(whole, schema=1))
