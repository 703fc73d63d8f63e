# Copyright (c) mmtips authors. All rights reserved.
import copy
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from mmtips import report
from mmtips.report.correlation import estimate, pearson, read_cells, spearman

ROOT = Path(__file__).parents[2]


def result(number, selection, consistency, downsampler=None, config='small.py', operator='max pool'):
    """What the functions read of a result."""
    sites = [dict(path='stem', operator='strided convolution', stride=2, selection=selection / 2, weight=.25,
                  aliasing=.1),
             dict(path='pool', operator=operator, stride=2, selection=3 * selection / 2, weight=None, aliasing=.1),
             dict(path='patches', operator='strided convolution', stride=8, selection=None, weight=None, aliasing=None)]
    protocol = dict(name='standard', max_shift=8, pairs=2 + number, seed=number, size_divisor=1, subpixel=1)
    overall = dict(value=consistency, low=consistency - 1, high=consistency + .5)
    return dict(schema=2, kind='shift_consistency', name=f'model {number}', config=config, downsampler=downsampler,
                checkpoint=dict(name='a.pth', sha256=f'{number:064}'), data=dict(dataset='Cats'),
                shift=dict(standard=dict(protocol=protocol, overall=overall)),
                sampling=dict(images=3, sites=sites))


@pytest.fixture
def results():
    return {f'{number}.json': result(number, selection, consistency, downsampler, config) for
            number, (selection, consistency, downsampler, config) in enumerate([
                (.5, 80., None, 'small.py'), (.3, 85., dict(type='BlurPool'), 'small.py'),
                (.1, 95., dict(type='TIPS', taps=4), 'small.py'), (.2, 90., dict(type='TIPS', taps=4), 'large.py')])}


def test_by_hand(results):
    outcome = report.correlate(results)
    assert [cell['bias'] for cell in outcome['cells']] == pytest.approx([.5, .3, .1, .2])
    assert [cell['operator'] for cell in outcome['cells']] == ['stock', 'BlurPool', 'TIPS(taps=4)', 'TIPS(taps=4)']
    assert outcome['cells'][1]['consistency'] == dict(value=85, low=84, high=85.5)
    # Deviations (.225, .025, -.175, -.075) and (-7.5, -2.5, 7.5, 2.5): -3.25 / sqrt(.0875 * 125).
    assert outcome['pearson']['value'] == pytest.approx(-3.25 / (.0875 * 125)**.5)
    assert outcome['spearman']['value'] == -1
    assert -1 <= outcome['pearson']['low'] <= outcome['pearson']['value'] <= outcome['pearson']['high'] < 0


@pytest.mark.parametrize('n', [3, 8, 40])
def test_against_scipy(n):
    random = np.random.default_rng(n)
    x, y = random.integers(0, 6, (5, n)) / 7, random.random((5, n)) * 100  # with ties
    x[:, 0] = 1
    for own, theirs in ((pearson, stats.pearsonr), (spearman, stats.spearmanr)):
        np.testing.assert_allclose(own(x, y), [theirs(a, b).statistic for a, b in zip(x, y, strict=True)])


def test_constant_values_have_no_correlation():
    assert np.isnan(pearson(np.full(7, .1), np.arange(7.)))
    assert np.isnan(spearman(np.arange(7.), np.full(7, .3)))


def test_the_interval_is_scipys_percentile_bootstrap():
    random = np.random.default_rng(0)
    x = random.random(30)
    y = x + random.random(30)
    own = estimate(pearson, x, y, 4000)
    theirs = stats.bootstrap((x, y), lambda a, b, axis=-1: pearson(a, b), paired=True, method='percentile',
                             n_resamples=4000, random_state=1).confidence_interval
    assert (own['low'], own['high']) == pytest.approx((theirs.low, theirs.high), abs=.02)
    assert own == estimate(pearson, x, y, 4000)
    assert own != estimate(pearson, x, y, 4000, seed=1)
    exact = estimate(spearman, x, x, 50)
    assert exact == dict(value=1, low=1, high=1)
    with pytest.raises(ValueError, match='resamples: expected an integer >= 1, got 0'):
        estimate(pearson, x, y, 0)


def test_an_interval_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(1)
    covered = 0
    for seed in range(100):
        x, noise = random.standard_normal((2, 40))
        interval = estimate(pearson, x, .6 * x + .8 * noise, 400, seed)
        covered += interval['low'] <= .6 <= interval['high']
    assert 86 <= covered <= 100


def test_the_operator_is_known_by_its_sites_where_the_config_has_it_built_in(results):
    results['1.json']['downsampler'] = None
    results['1.json']['sampling']['sites'] = [dict(results['1.json']['sampling']['sites'][1], operator='BlurPool')]
    assert read_cells(results, 'selection', 'standard', 'overall')[1]['operator'] == 'BlurPool'


def test_what_keeps_every_pixel_is_left_out_by_name(results):
    outcome = report.correlate(results)
    assert outcome['left_out'] == []
    assert 'Left out' not in report.correlation_caption(outcome)
    # Its bias would be that of the strided stem alone.
    other = result(4, .9, 99., dict(type='SPDConv'), operator='SPDConv')
    other['sampling']['sites'][1].update(selection=None, weight=None)
    added = report.correlate(results | {'4.json': other})
    assert added['left_out'] == ['model 4']
    assert (added['pearson'], added['cells']) == (outcome['pearson'], outcome['cells'])
    assert report.correlation_caption(added).endswith('samples nothing: model 4.')


@pytest.mark.parametrize(('change', 'message'), [
    (lambda of: of.update(sampling=None), "1.json: has no 'sampling'"),
    (lambda of: of.pop('sampling'), "1.json: has no 'sampling'"),
    (lambda of: of['sampling']['sites'][1].update(selection=None, weight=.5),
     r"1.json: the selection form is not known at \['pool \(max pool\)'\]"),
    (lambda of: of['sampling'].update(sites=of['sampling']['sites'][2:]),
     '1.json: the selection form is not known at any site'),
    (lambda of: of['shift'].pop('standard'), r"1.json: no consistency 'standard', 'overall': expected one of \[\]"),
    (lambda of: of['shift']['standard']['protocol'].update(max_shift=4), "1.json: measured under .*'max_shift': 4"),
    (lambda of: of['checkpoint'].update(sha256='0' * 64) or of.update(downsampler=None),
     '1.json: the same checkpoint on the same data as 0.json'),
])
def test_what_cannot_be_compared_is_refused_by_name(results, change, message):
    results = copy.deepcopy(results)
    change(results['1.json'])
    if message.startswith('1.json: the same'):
        results['1.json']['sampling'] = results['0.json']['sampling'] = dict(sites=[
            dict(path='a', operator='max pool', stride=2, selection=1, weight=1, aliasing=0)])
    with pytest.raises(ValueError, match=message):
        report.correlate(results)


def test_what_cannot_be_correlated_is_refused(results):
    two = dict(list(results.items())[:2])
    with pytest.raises(ValueError, match=r"at least 3 results, got 2: \['0.json', '1.json'\]"):
        report.correlate(two)
    with pytest.raises(ValueError, match=r"0.json: no consistency 'standard', 'foreground': expected one of "
                                         r"\['standard, overall'\]"):
        report.correlate(results, row='foreground')
    with pytest.raises(ValueError, match=r'0.json: the weight form is not known at .*pool'):
        report.correlate(results, 'weight')
    for of in results.values():
        of['shift']['standard']['overall']['value'] = 90.
    with pytest.raises(ValueError, match='the standard consistency is 90 in all of'):
        report.correlate(results)


def test_the_result_survives_the_disk_and_is_told_in_words(results, tmp_path):
    outcome = report.correlate(results)
    report.write_result(outcome, tmp_path / 'study.json')
    assert report.load_result(tmp_path / 'study.json', 'correlation') == outcome
    with pytest.raises(ValueError, match="expected a result of kind 'shift_consistency', got 'correlation'"):
        report.load_result(tmp_path / 'study.json')
    text = report.correlation_text(outcome)
    lines = text.splitlines()
    assert [line.split()[:2] for line in lines[1:5]] == [['model', number] for number in '2310']
    assert 'Spearman -1.00 (-1.00 to -1.00)' in text
    assert '4 cells' in text


@pytest.mark.parametrize('suffix', ['png', 'svg'])
def test_the_figure(results, tmp_path, suffix):
    path = tmp_path / f'new/scatter.{suffix}'
    report.write_scatter(report.correlate(results), path)
    if suffix == 'png':
        with Image.open(path) as picture:
            assert picture.size == (1296, 792)
            assert len(picture.convert('RGB').getcolors(1 << 24)) > 50
    else:
        drawn = path.read_text()  # what is written is beside the outlines of its letters
        for label in ('stock', 'BlurPool', 'TIPS(taps=4)', 'small', 'large', 'Pearson -0.98 ['):
            assert f'<!-- {label}' in drawn, label
    with pytest.raises(ValueError, match=r"figure: expected a file that ends in one of \('.png', '.svg'\)"):
        report.write_scatter(report.correlate(results), path.with_suffix('.gif'))


def test_the_tool(results, tmp_path, monkeypatch, capsys):
    for name, of in results.items():
        (tmp_path / name).write_text(json.dumps(of))
    # Only what is read of a result is in these.
    monkeypatch.setattr(report, 'load_result', lambda path: json.loads(path.read_text()))
    files = [str(tmp_path / name) for name in results]
    out, figure = tmp_path / 'study.json', tmp_path / 'scatter.svg'
    monkeypatch.setattr(sys, 'argv', ['correlate.py', *files, '--out', str(out), '--figure', str(figure)])
    runpy.run_path(str(ROOT / 'tools/correlate.py'), run_name='__main__')
    assert 'Pearson -0.98' in capsys.readouterr().out
    assert report.correlate({str(tmp_path / name): of for name, of in results.items()})['pearson'] == \
        json.loads(out.read_text())['pearson']
    written = out.read_bytes(), figure.read_bytes()
    assert len(written[1]) > 1000
    runpy.run_path(str(ROOT / 'tools/correlate.py'), run_name='__main__')  # nothing else, and nothing beside it
    assert (out.read_bytes(), figure.read_bytes()) == written
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*results, out.name, figure.name])
    monkeypatch.setattr(sys, 'argv', ['correlate.py', *files, '--figure', 'scatter.gif'])
    with pytest.raises(ValueError, match='figure: expected'):
        runpy.run_path(str(ROOT / 'tools/correlate.py'), run_name='__main__')
