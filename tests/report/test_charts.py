# Copyright (c) mmtips authors. All rights reserved.
import itertools

import numpy as np
import pytest

from mmtips.report import figures
from mmtips.report.figures import robustness
from mmtips.report.figures.charts import CHARTS
from mmtips.report.figures.robustness import corruption_curve
from mmtips.report.figures.style import COLORS, NARROW, look, rendered
from tests.report.factory import make_bare, make_classification, make_result


@pytest.fixture(scope='module')
def results():
    return [make_result('stock', 85.), make_result('TIPS', 90., 'TIPS', 0.3)]


def test_shift_maps_share_one_scale_that_leaves_out_no_shift(results):
    figure = figures.shift_map_figure([*results, make_bare()])
    maps = [axes.collections[0] for axes in figure.axes if axes.get_title(loc='left')]
    assert len(maps) == 2
    drawn = [np.ma.filled(picture.get_array().astype(float), np.nan).reshape(9, 9) for picture in maps]
    for picture, values, result in zip(maps, drawn, results, strict=True):
        wanted = np.array(result['shift_map']['overall'])
        wanted[4, 4] = np.nan
        assert np.array_equal(values, wanted, equal_nan=True)
        assert picture.norm.vmin == np.nanmin(drawn)
        assert picture.norm.vmax == np.nanmax(drawn) < 100
    assert figure.axes[0].get_ylim()[0] > figure.axes[0].get_ylim()[1]  # down is down
    said = CHARTS['shift_map'].describe(results)
    assert 'TIPS lies between 89.1 and 93.4 %, lowest for -3 px down and -3 px to the right' in said


def test_class_bars_by_hand(results):
    figure = figures.class_figure([*results, make_bare()])
    axes, = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ['star', 'bar', 'ring', 'circle', 'background']
    assert [bar.get_width() for bar in axes.patches[:5]] == [73, 76, 79, 82, 85]
    assert [bar.get_width() for bar in axes.patches[5:]] == [78, 81, 84, 87, 90]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['stock', 'TIPS']
    said = CHARTS['classes'].describe(results)
    assert 'stock flickers most on star (73.0 %) and least on background (85.0 %)' in said


def test_of_many_classes_those_that_flicker_most_are_drawn():
    result = make_result()
    result['shift']['standard']['per_class'] = {f'class {index}': dict(value=99. - index, low=98. - index,
                                                                       high=99.5 - index) for index in range(40)}
    axes, = figures.class_figure([result], NARROW).axes
    assert [bar.get_width() for bar in axes.patches] == [60 + index for index in range(30)]


def test_depth_by_hand(results):
    half = make_result('half', weight=None)
    figure = figures.depth_figure([*results, half, make_bare()])
    assert [axes.get_title(loc='left').split()[0] for axes in figure.axes] == ['outputs', 'weight', 'power']
    assert [[len(line.get_ydata()) for line in axes.lines] for axes in figure.axes] == [[4, 4, 0]] * 2 + [[4] * 3]
    assert figure.axes[1].lines[1].get_ydata().tolist() == [.3] * 4
    assert figure.axes[2].lines[0].get_ydata().tolist() == pytest.approx([.25, .2, .15, .1])
    assert len(figure.legends[0].get_texts()) == 3
    assert 'TIPS, weight on the maximum: 0.30 at the first site' in CHARTS['depth'].describe(results)


def test_robustness_by_hand(results):
    figure = figures.robustness_figure([*results, make_bare()])
    assert [axes.get_title(loc='left') for axes in figure.axes] == ['FGSM', 'PGD-linf, 10 steps', 'corruptions, mean']
    line = figure.axes[0].lines[0]
    assert line.get_xdata().tolist() == [0, .004, .016, .031]
    assert line.get_ydata().tolist() == pytest.approx([45, 36, 22.5, 13.5])
    # Four corruptions: clean - 4 x severity - 0, 1, 2, 3.
    assert corruption_curve(results[0], results) == [(0, 45), (1, 39.5), (3, 31.5), (5, 23.5)]
    assert 'stock, FGSM: from 45.0 to 13.5 % at epsilon 0.031' in CHARTS['robustness'].describe(results)


def test_the_mean_is_over_the_corruptions_that_all_have(results):
    less = make_result('less')
    less['robustness']['corruptions'] = dict(fog={'1': 10., '3': 5.}, contrast={'1': 20.})
    assert corruption_curve(results[0], [results[0], less]) == [(0, 45), (1, 38.5), (3, 45 - 12 - 2)]
    assert corruption_curve(less, [results[0], less]) == [(0, 45), (1, 15), (3, 5)]
    none = make_classification()
    assert corruption_curve(none, [none]) == []
    assert robustness.tested([none, make_bare()]) == [none]


def test_models_differ_in_more_than_colour():
    assert len({tuple(sorted(look(index).items())) for index in range(32)}) == 32
    assert len({look(index)['marker'] for index in range(8)}) == len(set(COLORS)) == 8
    rgb = [[int(color[place:place + 2], 16) for place in (1, 3, 5)] for color in COLORS]
    assert min(np.abs(np.subtract(a, b)).sum() for a, b in itertools.combinations(rgb, 2)) > 60


def test_names_are_shown_as_they_are(results):
    name = '_a $\\frac name$ that is longer than a line of a legend can be'
    odd = [dict(results[0], name=name), results[1]]
    for chart in CHARTS.values():
        figure = chart.draw(odd, NARROW)
        figure.draw_without_rendering()
        words = [text.get_text() for legend in figure.legends for text in legend.get_texts()] + [
            axes.get_title(loc='left') for axes in figure.axes]
        assert any(' '.join(word.split()).replace(r'\$', '$') == name for word in words)


def test_charts_become_files(results, tmp_path):
    few = [dict(result, sampling=None, robustness=None) for result in results]
    paths = figures.write_figures(few, tmp_path)
    assert [path.name for path in paths] == ['shift_map.png', 'shift_map.svg', 'classes.png', 'classes.svg']
    assert [path.read_bytes()[:4] for path in paths] == [b'\x89PNG', b'<?xm'] * 2
    assert rendered(figures.class_figure(few), 'svg') == rendered(figures.class_figure(few), 'svg')
    assert figures.write_figures([make_bare()], tmp_path / 'none') == []
    assert CHARTS['robustness'].applies([make_classification()])
    assert not CHARTS['depth'].applies([make_classification()])
