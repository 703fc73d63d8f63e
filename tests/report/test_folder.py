# Copyright (c) mmtips authors. All rights reserved.
import runpy
import sys
from pathlib import Path

import pytest

from mmtips import report
from tests.report.factory import make_bare, make_result

TOOL = Path(__file__).parents[2] / 'tools/report.py'


@pytest.fixture
def light(full):
    """Two results with bars and pictures alone, which are drawn in no time."""
    results, folder = full
    return [dict(result, shift_map=None, sampling=None, robustness=None) for result in results], folder


def test_folder_holds_all_and_loses_nothing(light, tmp_path):
    results, folder = light
    place = tmp_path / 'deep/report'
    place.mkdir(parents=True)
    (place / 'table.md').write_text('mine')
    page = report.write_report(results, [folder] * 2, place, 'Title')
    assert page == place / 'index.html'
    assert sorted(path.name for path in (place / 'figures').iterdir()) == ['classes.png', 'classes.svg']
    assert [path.read_text() for path in place.glob('table.2*.md')] == ['mine']
    assert (place / 'table.csv').read_text() == report.comparison_csv(results)
    assert (place / 'table.md').read_text() == f'{report.markdown(results)}\n'
    files = sorted(place.rglob('*'))
    report.write_report(results, [folder] * 2, place, 'Title')
    assert sorted(place.rglob('*')) == files  # the same again changes nothing


def test_the_copies_make_the_same_report(light, tmp_path):
    results, folder = light
    first = report.write_report(results, [folder] * 2, tmp_path / 'first', 'Title')
    copies = sorted((tmp_path / 'first/results').glob('*/shift.json'), reverse=True)  # stock before script
    again = [report.load_result(copy) for copy in copies]
    assert again == results
    second = report.write_report(again, [copy.parent for copy in copies], tmp_path / 'second', 'Title')
    assert second.read_text() == first.read_text()


def test_what_cannot_be_compared_leaves_the_folder_alone(tmp_path):
    other = make_result('other')
    other['data']['images'] = 7
    with pytest.raises(ValueError, match='cannot stand in one table'):
        report.write_report([make_result(), other], [tmp_path] * 2, tmp_path / 'out', 'x')
    assert not (tmp_path / 'out').exists()


def test_models_of_one_name_get_folders_of_their_own(tmp_path):
    names = ['A b', 'a-b-2', 'a B', '***']
    results = [dict(make_bare(), name=name) for name in names]
    report.write_report(results, [tmp_path] * 4, tmp_path / 'out', 'x')
    assert sorted(path.name for path in (tmp_path / 'out/results').iterdir()) == ['a-b', 'a-b-2', 'a-b-3', 'model']


def test_tool(tmp_path, monkeypatch, capsys):
    for name in 'ab':
        report.write_result(make_bare(name), tmp_path / f'{name}.json')
    written = [tmp_path / 'new/page.html', tmp_path / 'out', tmp_path / 'csv/table.csv']
    options = zip(('--out', '--report', '--csv'), written, strict=True)
    monkeypatch.setattr(sys, 'argv', ['report.py', f'{tmp_path}/a.json', f'{tmp_path}/b.json',
                                      *(str(part) for option in options for part in option)])
    runpy.run_path(str(TOOL), run_name='__main__')
    said = capsys.readouterr().out
    for path in (written[0], written[1] / 'index.html', written[2]):
        assert str(path) in said
        assert path.stat().st_size > 100


def test_tool_refuses_results_of_another_version(tmp_path, monkeypatch):
    (tmp_path / 'old.json').write_text('{"schema": 1, "kind": "shift_consistency"}')
    monkeypatch.setattr(sys, 'argv', ['report.py', f'{tmp_path}/old.json', '--report', f'{tmp_path}/out'])
    with pytest.raises(ValueError, match='old.json: .*schema 1; this mmtips reads schema 2: measure it again'):
        runpy.run_path(str(TOOL), run_name='__main__')
    assert not (tmp_path / 'out').exists()
