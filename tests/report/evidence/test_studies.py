# Copyright (c) mmtips authors. All rights reserved.
import json

import pytest

from mmtips import report
from mmtips.report.evidence import load_studies
from mmtips.report.evidence.checks import chosen_rates, departures, is_flat, last_gain
from mmtips.report.evidence.measures import SCORE, measures
from mmtips.report.evidence.studies import by_setting, comparable, finished, values
from mmtips.report.evidence.tables import rate_table
from tests.report.evidence.factory import OPERATORS, gone, invented, row, searched, study


def save(folder, result, name=None):
    path = folder / f"{name or result['study']}.json"
    path.write_text(json.dumps(result))
    return path


def test_a_study_survives_the_disk(tmp_path):
    result = study([row()])
    save(tmp_path, result)
    save(tmp_path, result, 'final.20260101_000000')
    (tmp_path / 'notes.json').write_text('no JSON')
    assert load_studies(tmp_path) == dict(final=result)
    assert load_studies(tmp_path / 'nowhere') == {}
    report.write_result(result, tmp_path / 'new/final.json')
    assert report.load_result(tmp_path / 'new/final.json', 'evidence') == result


@pytest.mark.parametrize(('change', 'message'), [
    (lambda of: of.update(schema='mmtips/evidence/2'),
     r'final.json: \$.schema: schema mmtips/evidence/2; this mmtips reads schema mmtips/evidence/1: measure it again '
     'with tools/evidence.py'),
    (lambda of: of.update(schema='mmtips/opinion/1'), r"\$.kind: expected one of .*'evidence'.*, got 'opinion'"),
    (lambda of: of.update(study='time'), "expected the study 'final', got 'time'"),
    (lambda of: of.update(split='val'), r'\$.split'),
    (lambda of: of.update(more=1), "'more' was unexpected"),
    (lambda of: of.pop('diverged'), "'diverged' is a required property"),
    (lambda of: of['rows'][0].update(score=64.8), r'\$.rows\[0\].score'),
    (lambda of: of['rows'][0]['consistency'].pop('circular'), r"\$.rows\[0\].consistency: 'circular'"),
    (lambda of: of['rows'][0]['msb'].update(absolute=.1), "'absolute' was unexpected"),
    (lambda of: of['rows'][0].update(curve=[[0.5, 0.1]]), r'\$.rows\[0\].curve\[0\]\[0\]'),
    (lambda of: of['rows'][0].update(tau=dict(layer=[[1]])), r'\$.rows\[0\].tau.layer\[0\]'),
    (lambda of: of['rows'].append(row()), 'two rows of deeplabv3plus-zeros, TIPS, seed 0: keep one'),
    (lambda of: of['rows'].append(row(task='classification', seed=1)),
     'deeplabv3plus-zeros is classification in one row and segmentation in another'),
])
def test_what_does_not_fit_is_refused_by_name(tmp_path, change, message):
    result = study([row()])
    change(result)
    save(tmp_path, result, 'final')
    with pytest.raises(ValueError, match=message):
        load_studies(tmp_path)


def test_the_search_may_have_a_row_for_each_rate(tmp_path):
    save(tmp_path, searched())
    assert 'search' in load_studies(tmp_path)


def test_measures_that_no_row_has_are_no_columns():
    seen = [measure.heading for measure in measures([row('resnet-zeros', parameters=1000)])]
    assert seen == ['accuracy', 'standard', 'circular', 'fidelity, standard', 'fidelity, circular', 'MSB, selection',
                    'MSB, weight', 'training, s', 'parameters']
    assert measures([row()])[1].heading == 'foreground mIoU'


def test_values_are_in_the_unit_of_the_table():
    cells = by_setting(study([row(seed=seed, score=.5 + seed / 10) for seed in (0, 1)]))
    assert values(cells['deeplabv3plus-zeros']['TIPS'], SCORE['segmentation']) == {0: 50, 1: 60}


def test_who_diverged_is_not_compared_there_and_what_the_baseline_lost_nowhere():
    result = invented(settings=dict.fromkeys(['a-zeros', 'b-zeros']), seeds=3)
    result['diverged'] = [gone(setting='a-zeros', operator='APS', seed=2), gone(setting='b-zeros', operator='BlurPool',
                                                                              seed=1)]
    cells = comparable(result)
    assert 'APS' not in cells['a-zeros']
    assert set(cells['b-zeros']['APS']) == set(cells['a-zeros']['BlurPool']) == {0, 2}
    assert comparable(result, 'stock') == cells
    result['diverged'].append(gone(setting='b-zeros', operator='stock', seed=0))
    assert 'stock' not in comparable(result)['b-zeros']
    assert set(comparable(result, 'stock')['a-zeros']['stock']) == {2}
    assert 'BlurPool' in comparable(result, 'stock')['b-zeros']


def test_of_a_study_before_its_end_the_seeds_that_all_operators_have():
    result = invented(settings=dict.fromkeys(['a-zeros', 'b-zeros']), seeds=3)
    done = {'a-zeros': lambda of: (of['operator'], of['seed']) != ('DDAC', 2), 'b-zeros': lambda of: of['seed'] == 0}
    result['rows'] = [of for of in result['rows'] if done[of['setting']](of)]
    assert {setting: {name: set(of) for name, of in cells.items()} for setting, cells in
            by_setting(finished(result)).items()} == {'a-zeros': dict.fromkeys(OPERATORS, {0, 1})}
    result['diverged'] = [gone(setting='a-zeros', operator='DDAC', seed=2)]
    assert by_setting(finished(result))['a-zeros']['APS'].keys() == {0, 1, 2}
    assert finished(result)['diverged'] == result['diverged']


def tried(scores):
    return study([row(learning_rate=rate, seed=seed, score=score) for rate, of in scores.items()
                  for seed, score in enumerate(of)], 'search')


def test_the_best_rate_is_that_of_the_highest_mean_and_of_equal_ones_the_lowest():
    found = chosen_rates(tried({.01: [.5, .7], .1: [.65, .65], .001: [.6, .6]}))['deeplabv3plus', 'TIPS']
    assert found.best == .1
    assert found.at_the_edge
    assert list(found.scores) == [.001, .01, .1]
    found = chosen_rates(tried({.03: [.5], .01: [.5], .001: [.4]}))['deeplabv3plus', 'TIPS']
    assert found.best == .01
    assert not found.at_the_edge


def test_a_rate_that_diverged_is_out_and_a_missing_seed_an_error():
    search = tried({.01: [.5, .7], .1: [.9]})
    with pytest.raises(ValueError, match=r'search, deeplabv3plus, TIPS, learning rate 0.1: seeds \[1\] are missing'):
        chosen_rates(search)
    search['diverged'] = [gone(learning_rate=.1, seed=1)]
    assert chosen_rates(search)['deeplabv3plus', 'TIPS'].best == .01
    search['diverged'].append(gone(learning_rate=.01, seed=0))
    with pytest.raises(ValueError, match='TIPS: a training diverged at every learning rate'):
        chosen_rates(search)


def test_the_table_of_rates():
    lines = rate_table(tried({.01: [.5], .1: [.9], .001: [.4]})).splitlines()
    assert lines[0] == '| deeplabv3plus: score at | 0.001 | 0.01 | 0.1 | chosen |'
    assert lines[2] == '| TIPS | 40.0 | 50.0 | **90.0** | 0.1 (edge) |'


def test_how_far_a_curve_rises_at_its_end():
    rows = [row(curve=[[250, .1], [700, .50], [800, .58], [1000, .6]]), row(curve=[[750, .6], [1000, .62]])]
    assert last_gain(rows).value == pytest.approx((.1 + .02) / 2)
    assert not is_flat(last_gain(rows))
    assert is_flat(last_gain([row(curve=[[750, .6], [1000, .6099]])]))
    assert is_flat(last_gain([row(curve=[[750, .6], [1000, .5]])]))
    for curve in ([], [[1000, .5]], [[800, .5], [1000, .5]]):
        assert is_flat(last_gain([row(curve=curve)])) is None


def test_departures_are_said_and_nothing_else():
    final, search = study([row(seed=seed) for seed in range(5)]), tried({.01: [.5], .1: [.4]})
    assert departures(final, search) == []
    assert departures(final, None) == ['the learning rates are not held against a search, of which there is no file']
    final['protocol']['cells'] = 5
    assert departures(final, search) == []
    final['protocol']['cells'] = 6
    assert departures(final, search) == ['5 of 6 planned trainings are in the file']
    del final['protocol']['cells']
    assert departures(final, tried({.01: [.5], .1: [.6]})) == [
        'deeplabv3plus-zeros, TIPS: trained at [0.01], and the search chose 0.1']
    assert departures(study([row(curve=[], seed=seed) for seed in range(5)]), search) == [
        'deeplabv3plus-zeros, TIPS: has no curve over the last quarter']


def test_trainings_that_diverged_and_curves_that_rise_are_departures():
    steep = [[500, .1], [1000, .2]]
    final = study([row(operator=name, seed=seed, curve=steep if name == 'APS' else row()['curve'])
                   for name in ('BlurPool', 'APS', 'TIPS', 'DDAC') for seed in range(5)
                   if (name, seed) not in (('TIPS', 4), ('BlurPool', 0))])
    final['diverged'] = [gone(seed=4), gone(operator='BlurPool', seed=0)]
    assert departures(final, study([], 'search')) == [
        'deeplabv3plus-zeros, TIPS, seed 4: diverged (loss is nan); the operator is not compared there',
        'deeplabv3plus-zeros, BlurPool, seed 0: diverged (loss is nan); the seed is left out for all',
        'all cells: 4 seed(s), fewer than 5',
        'deeplabv3plus-zeros: 1 of 3 cells still rise by 1 point or more over the last quarter, by 10.0 in the mean']
