# Copyright (c) mmtips authors. All rights reserved.
import json
import os

import pytest

from mmtips import report
from mmtips.report.files import keep_earlier, write_kept
from tests.report.factory import make_result


def test_results_survive_the_disk(tmp_path):
    result = make_result()
    report.write_result(result, tmp_path / 'out/shift.json')
    assert report.load_result(tmp_path / 'out/shift.json') == result


def test_an_earlier_result_is_kept(tmp_path):
    report.write_result(make_result('first'), tmp_path / 'shift.json')
    report.write_result(make_result('second'), tmp_path / 'shift.json')
    kept, = tmp_path.glob('shift.2*.json')
    assert report.load_result(kept)['name'] == 'first'
    assert report.load_result(tmp_path / 'shift.json')['name'] == 'second'


def test_files_of_one_second_do_not_replace_each_other(tmp_path):
    for content in 'abcd':
        path = write_kept(content, tmp_path / 'file.txt')
        os.utime(path, (1e9, 1e9))
    assert write_kept(b'd', path).read_text() == 'd'  # the same content leaves everything as it is
    assert sorted(file.read_text() for file in tmp_path.iterdir()) == list('abcd')
    keep_earlier(tmp_path / 'none')
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize(('change', 'place'), [
    (dict(accuracy=dict(metric='mIoU', value=101)), r'\$.accuracy.value'),
    (dict(shift={}), r'\$.shift'),
    (dict(comment='mine'), r'\$'),
    (dict(schema='2'), r'\$.schema'),
    (dict(kind='other'), r'\$.kind'),
    (dict(accuracy=dict(metric='mIoU', value=float('nan'))), r'\$.accuracy.value: expected a finite number, got nan'),
    (dict(shift_map=dict(protocol='standard', max_shift=1, step=1, images=1, shifts=[-1, 0, 1], overall=[[100.]],
                         worst=dict(overall=dict(value=90, low=80, high=95)))), r'shift_map.overall: expected 3 x 3'),
    (dict(shift_map=dict(protocol='standard', max_shift=1, step=1, images=1, shifts=[0], overall=[[100.]],
                         worst=dict(overall=dict(value=90, low=95, high=80)))), r'worst.overall: expected low <= high'),
])
def test_what_does_not_fit_the_schema_is_refused_by_place(change, place):
    with pytest.raises(ValueError, match=place):
        report.validate(dict(make_result(), **change))


@pytest.mark.parametrize(('kind', 'has', 'reads', 'tool'), [
    ('shift_consistency', 1, 2, 'tools/eval_shift.py'),
    ('shift_consistency', 3, 2, 'tools/eval_shift.py'),
    ('benchmark', 9, 2, 'tools/benchmark.py'),
])
def test_another_version_of_the_schema_is_named(tmp_path, kind, has, reads, tool):
    (tmp_path / 'old.json').write_text(json.dumps(dict(schema=has, kind=kind)))
    with pytest.raises(ValueError, match=rf'old.json: .*schema {has}; this mmtips reads schema {reads}: measure it '
                                         f'again with {tool}'):
        report.load_result(tmp_path / 'old.json', kind)


def test_files_that_are_no_results_are_refused(tmp_path):
    (tmp_path / 'broken.json').write_text('{')
    with pytest.raises(ValueError, match='broken.json: not a JSON file'):
        report.load_result(tmp_path / 'broken.json')
    (tmp_path / 'other.json').write_text('{}')
    with pytest.raises(ValueError, match='other.json: not a result of this version'):
        report.load_result(tmp_path / 'other.json')


def test_a_result_of_another_kind_is_refused(tmp_path):
    report.write_result(make_result(), tmp_path / 'shift.json')
    with pytest.raises(ValueError, match="expected a result of kind 'benchmark', got 'shift_consistency'"):
        report.load_result(tmp_path / 'shift.json', 'benchmark')


@pytest.mark.parametrize('name', ['../../etc/passwd', '/etc/passwd', 'figures/../../x.png', 'C:\\x.png'])
def test_pictures_lie_beside_their_result(name):
    """A result may come from a stranger, and its pictures are read and copied."""
    result = make_result()
    result['figures']['layers'] = [dict(path='x', operator='TIPS', panels=dict(features=name, weights='figures/w.png'))]
    with pytest.raises(ValueError, match=r'figures.layers\[0\].panels.features'):
        report.validate(result)


def test_a_folder_is_never_moved_away(tmp_path):
    (tmp_path / 'results').mkdir()
    with pytest.raises(IsADirectoryError, match='expected the name of a file'):
        report.write_result(make_result(), tmp_path / 'results')
    assert (tmp_path / 'results').is_dir()


def test_a_result_without_a_cost():
    result = make_result()
    result['model'].update(gmacs=None, latency_ms=None)
    report.validate(result)
    headings, rows = report.comparison([result, make_result('other')])
    assert rows[0][headings.index('GMACs')] == rows[0][headings.index('latency')] == '-'
