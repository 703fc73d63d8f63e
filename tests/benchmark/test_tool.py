# Copyright (c) mmtips authors. All rights reserved.
"""tools/benchmark.py as a user runs it."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from mmtips import benchmark, report
from mmtips.benchmark.measurement import is_measured
from mmtips.benchmark.suites import Case, Suite
from tests.benchmark.factory import case, result, row

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(monkeypatch):
    """Run the tool in this process, on a clean checkout of the commit ``abc``."""
    information = dict(result([])['run'], commit='abc')
    monkeypatch.setattr(report, 'run_information', lambda device: information)
    monkeypatch.setattr('mmtips.benchmark.measurement.peak_bytes', lambda *args: dict(forward=None, step=None))

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['benchmark.py', *map(str, arguments)])
        runpy.run_path(str(ROOT / 'tools/benchmark.py'), run_name='__main__')

    run.information = information
    return run


def tiny():
    from mmtips.benchmark.candidates import growing
    return Suite('tiny', ('BlurPool', ), 2, (Case('one layer', (1, 4, 8, 8), growing(4, 2), 2), ))


def test_a_suite_is_measured_once_for_each_commit(tool, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(benchmark.SUITES, 'layers', tiny)
    path = tmp_path / 'layers-cpu-bfloat16-channels_last-t1.json'
    request = ['layers', '--dtype', 'bfloat16', '--channels-last', '--out', tmp_path]
    tool(*request)
    assert 'layers (cpu-bfloat16-channels_last-t1): round 2 of 2' in capsys.readouterr().out
    assert report.load_result(path, 'benchmark')['setting']['dtype'] == 'bfloat16'
    content = path.read_text()
    tool(*request)
    assert 'measured with this commit before' in capsys.readouterr().out
    assert path.read_text() == content
    tool(*request, '--again', '--rounds', 3)
    assert json.loads(path.read_text())['rounds'] == 3
    earlier, = (other for other in tmp_path.glob('*.json') if other != path)
    assert earlier.read_text() == content
    # What was put aside is no result of the folder any more.
    assert list(benchmark.load_results(tmp_path)) == [path.stem]


def test_what_was_measured_is_rendered(tool, tmp_path, capsys):
    rows = [row('BlurPool', ratios={'BlurPool': 1.}), row('APS', ratios={'BlurPool': 2.})]
    report.write_result(result([case(rows)]), tmp_path / 'layers-cpu-float32-t1.json')
    (tmp_path / 'cards').mkdir()
    (tmp_path / 'cards/APS.md').write_text('<!-- cost --><!-- /cost -->')
    tool('--out', tmp_path, '--cards', tmp_path / 'cards', '--figures', tmp_path / 'figures')
    assert '| APS |' in (tmp_path / 'cards/APS.md').read_text()
    assert (tmp_path / 'figures/performance_layers.svg').read_text().startswith('<?xml')
    assert not (tmp_path / 'figures/performance_growth.svg').exists()


@pytest.mark.parametrize(('change', 'expected'), [
    ({}, True), (dict(commit='abc-dirty'), False), (dict(commit='unknown'), False), (dict(commit='abd'), False),
    (dict(threads=2), False), (dict(device='other'), False)])
def test_what_counts_as_measured(tmp_path, change, expected):
    of = result([case([row('TIPS')])])
    of['run'] = dict(of['run'], **change)
    path = tmp_path / 'x.json'
    report.write_result(of, path)
    run, rounds = result([])['run'], of['rounds']
    assert is_measured(path, run if 'commit' not in change or change['commit'] == 'abd' else of['run'],
                       rounds) == expected
    assert not is_measured(path, run, rounds + 1)
    assert not is_measured(tmp_path / 'y.json', run, rounds)


@pytest.mark.parametrize(('arguments', 'message'), [
    (['layer'], 'SUITE: expected some of'),
    ([], 'nothing to do: name a suite to measure, or --plan, --cards, --page or --figures'),
    (['layers', '--device', 'cuda'], 'PyTorch finds no GPU here'),
])
def test_bad_requests_are_named(tool, arguments, message, capsys, monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    with pytest.raises(SystemExit) as stopped:
        tool(*arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
