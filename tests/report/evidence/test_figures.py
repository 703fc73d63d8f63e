# Copyright (c) mmtips authors. All rights reserved.
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmtips.evidence.plan import load_plan
from mmtips.report.evidence import write_evidence_figures
from mmtips.report.evidence.curves import layer_curves, mean_curve, short_names, tau_cells
from mmtips.report.evidence.figures import FIGURES, front
from mmtips.report.evidence.labels import label_points, spread
from mmtips.report.evidence.looks import looks, looks_of, tall
from mmtips.report.evidence.maps import map_rows
from mmtips.report.figures.style import rendered
from tests.report.evidence.factory import OPERATORS, invented, row, study

ROOT = Path(__file__).parents[3]
FEW = {name: OPERATORS[name] for name in ('stock', 'BlurPool', 'APS', 'TIPS', 'TIPS phase')}


@pytest.fixture(scope='module')
def studies():
    return dict(final=invented(settings=['deeplabv3plus-zeros'], operators=FEW, seeds=2))


def test_the_front_by_hand():
    points = dict(a=(1., 5.), b=(2., 4.), c=(1.5, 4.), d=(2., 1.), e=(2., 4.), f=(0., 5.))
    assert front(points) == ['a', 'b', 'e']  # b and e are equal, and neither beats the other


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_what_is_off_the_front_is_beaten_by_what_is_on_it(places):
    points = dict(zip(map(str, range(len(places))), places, strict=True))
    on = [points[name] for name in front(points)]
    assert on == sorted(on)
    for x, y in places:
        assert (x, y) in on or any(a >= x and b >= y and a + b > x + y for a, b in on)


@given(st.lists(st.floats(0, 1), max_size=9), st.floats(0.01, 0.3))
def test_names_are_apart_and_in_order(places, gap):
    moved = spread(places, gap)
    order = sorted(range(len(places)), key=lambda index: (places[index], index))
    steps = np.diff([moved[index] for index in order])
    assert (steps >= gap - 1e-9).all()
    if all(np.diff(sorted(places)) >= gap):
        assert moved == pytest.approx(places)


def test_names_are_moved_as_little_as_needed():
    assert spread([0., 0., 10.], 1.) == [-.5, .5, 10.]
    assert spread([5., 5., 4.], 1.) == pytest.approx([14 / 3, 17 / 3, 11 / 3])
    assert spread([], 1.) == []


def test_shift_maps_are_means_over_seeds_of_the_first_setting_that_has_them():
    def made(operator, seed, value):
        return row(operator=operator, seed=seed, shift_map=dict(shifts=[-1, 0, 1], consistency=[[value] * 3] * 3))

    bare = row('deeplabv3plus-circular', 'TIPS', shift_map=None)
    final = study([bare, made('TIPS', 0, .5), made('TIPS', 1, .7), made('stock', 0, .2),
                   row(operator='APS', shift_map=None)])
    assert {name: len(rows) for name, rows in map_rows(final).items()} == dict(TIPS=2, stock=1)
    figure = FIGURES['maps'].draw(dict(final=final))
    maps = [np.asarray(axes.collections[0].get_array()) for axes in figure.axes if axes.get_title(loc='left')]
    assert [float(np.nanmax(of)) for of in maps] == pytest.approx([60, 20])
    assert not FIGURES['maps'].applies(dict(final=study([bare])))


def test_an_operator_has_one_look():
    names = [*OPERATORS, 'TIPS anchor exact', 'BlurPool 5', 'APS 3']
    found = looks(names)
    assert len({(of['color'], of['marker']) for of in found.values()}) == len(names)
    assert found['TIPS'] == looks(['TIPS'])['TIPS'] == looks(['A TIPS', *names])['TIPS']
    assert len({found[name]['color'] for name in found if name.startswith('TIPS')}) == 1


def test_operators_of_the_final_runs_look_different_whatever_was_tried_before():
    plan = load_plan(ROOT / 'configs/evidence/plans/cpu.py')
    names = {study: sorted(plan.of_study(plan.study(study))) for study in ('variants', 'ablation', 'final')}
    found = looks_of({name: study([row(operator=operator) for operator in of], name) for name, of in names.items()})
    assert len({(found[name]['color'], found[name]['marker']) for name in names['final']}) == len(names['final'])
    assert set(found) == {name for of in names.values() for name in of}


def test_names_cover_neither_points_nor_each_other():
    figure, (axes, ) = tall(1, 3.)
    random = np.random.default_rng(0)
    points = {f'operator {number}': tuple(place) for number, place in enumerate(random.random((12, 2)))}
    axes.scatter(*zip(*points.values(), strict=True))
    label_points(axes, points, {name: dict(color='black') for name in points})
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    # The boxes of letters are a little larger than the letters.
    crossing = [(one, other) for one in boxes for other in boxes if one is not other and one.padded(-2).overlaps(
        other.padded(-2))]
    assert not crossing
    assert not any(box.padded(-2).contains(*axes.transData.transform(place)) for box in boxes
                   for place in points.values())


def test_a_mean_curve_is_over_the_iterations_that_all_have():
    assert mean_curve([[[10, .1], [20, .2], [30, .3]], [[20, .4], [10, .2]]]) == [
        (10, pytest.approx(.15)), (20, pytest.approx(.3))]
    assert mean_curve([]) == mean_curve([[], [[1, .5]]]) == []


def test_layers_and_their_names():
    rows = [row(seed=seed, tau={'b.l1.0.down': [[1, .2 + seed]], 'b.l2.0.down': [[1, .5]]}) for seed in (0, 1)]
    assert layer_curves(rows) == {'b.l1.0.down': [(1, .7)], 'b.l2.0.down': [(1, .5)]}
    assert short_names(['b.l1.0.down', 'b.l2.0.down']) == ['l1', 'l2']
    assert short_names(['b.l1.0.down']) == ['b.l1.0.down']
    assert short_names([]) == []
    assert short_names(['encoder.1.0', 'encoder.2.0']) == ['encoder.1', 'encoder.2']  # numbers alone say nothing
    # By the module that an operator is at, unless two are at the same one.
    assert short_names(['pool', 'l1.conv.downsampler', 'l1.skip.downsampler']) == ['pool', 'l1.conv', 'l1.skip']
    assert short_names(['pool.pool', 'pool.downsampler', 'l1.downsampler']) == ['pool.pool', 'pool.downsampler', 'l1']


def test_tips_in_every_setting_and_its_forms_in_the_first():
    settings = dict.fromkeys(['a-zeros', 'b-zeros'])
    found = tau_cells(invented(settings=settings, operators=FEW, seeds=1))
    assert [(setting, name) for setting, name, _ in found] == [('a-zeros', 'TIPS'), ('b-zeros', 'TIPS'),
                                                              ('a-zeros', 'TIPS phase')]


def test_figures_show_every_operator_and_are_the_same_each_time(studies, tmp_path):
    paths = write_evidence_figures(studies, tmp_path)
    assert [path.name for path in paths] == [
        f'evidence_{name}.svg' for name in ('pareto', 'msb', 'tau', 'maps', 'curves')]
    drawn = {path.stem: path.read_text() for path in paths}
    for name in FEW:  # what is written is beside the outlines of its letters
        for figure in ('evidence_pareto', 'evidence_msb', 'evidence_maps', 'evidence_curves'):
            assert f'<!-- {name} -->' in drawn[figure], (figure, name)
    for layer in ('layer1', 'layer2', 'layer3'):
        assert f'<!-- {layer} -->' in drawn['evidence_tau']
    assert '<!-- Pearson -' in drawn['evidence_msb']
    for name in ('pareto', 'tau'):
        assert rendered(FIGURES[name].draw(studies), 'svg').decode() == drawn[f'evidence_{name}']


def test_a_figure_that_has_nothing_to_show_goes(tmp_path):
    (tmp_path / 'evidence_tau.svg').write_text('old')
    (tmp_path / 'other.svg').write_text('kept')
    assert write_evidence_figures({}, tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ['other.svg']
    plain = dict(final=study([row(operator=name, tau={}, msb=dict(selection=None, weight=None)) for name in FEW]))
    assert [name for name, figure in FIGURES.items() if figure.applies(plain)] == ['pareto', 'maps', 'curves']
