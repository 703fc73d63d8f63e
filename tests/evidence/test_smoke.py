# Copyright (c) mmtips authors. All rights reserved.
"""The smoke plan from end to end, as a user runs it."""

import json
import math
import runpy
import sys

import pytest

from mmtips.datasets.digits import write_scattered_digits
from tests.evidence.factory import ROOT


@pytest.fixture
def tool(tmp_path, monkeypatch, capsys):
    """The tool, with the smoke plan on a data set of its own; returns its exit status and what it printed."""
    pytest.importorskip('mmseg.models')
    pytest.importorskip('mmpretrain.models')
    sizes = {task: dict(train=10, val=20, test=10) for task in ('seg', 'cls')}
    write_scattered_digits(tmp_path / 'digits', sizes=sizes, report=lambda line: None)
    data = {f'{part}_dataloader': dict(dataset=dict(data_root=str(tmp_path / 'digits')))
            for part in ('train', 'val', 'test')}
    plan = tmp_path / 'plan.py'
    plan.write_text(f"_base_ = '{ROOT}/configs/evidence/plans/smoke.py'\n"
                    f'networks = dict(resnet18=dict(options={data}), deeplabv3plus=dict(options={data}))\n')
    monkeypatch.chdir(ROOT)

    def tool(*args):
        monkeypatch.setattr(sys, 'argv', ['tools/evidence.py', '--plan', str(plan), '--out', str(tmp_path / 'out'),
                                          '--jobs', '1', *args])
        with pytest.raises(SystemExit) as status:
            runpy.run_path('tools/evidence.py', run_name='__main__')
        return status.value.code, capsys.readouterr().out

    return tool


def shares(value):
    """All numbers of a row's measures."""
    if isinstance(value, dict):
        return [number for of in value.values() for number in shares(of)]
    return [] if value is None else [value]


def test_from_end_to_end(tool, tmp_path):
    assert tool('--list', 'search') == (0, 'search: 2 cells, 2 left\n')
    status, said = tool()
    assert status == 0, said
    search, final = (json.loads((tmp_path / f'out/{name}.json').read_text()) for name in ('search', 'final'))
    assert (search['schema'], search['study'], search['split'], final['split']) == (
        'mmtips/evidence/1', 'search', 'val', 'test')
    assert [(row['setting'], row['operator'], row['learning_rate']) for row in search['rows']] == [
        ('resnet18-zeros', 'stock', 0.002), ('deeplabv3plus-circular', 'TIPS', 0.01)]
    row, = final['rows']
    assert row['shift_map']['shifts'] == list(range(-4, 5))
    assert row['shift_map']['consistency'][4][4] == 1  # no shift at all
    assert [len(line) for line in row['shift_map']['consistency']] == [9] * 9
    assert row['parameters'] > 100_000
    assert all(row['shift_map'] is None for row in search['rows'])
    assert (row['seed'], row['learning_rate'], row['iterations']) == (0, 0.002, 4)
    for row in search['rows'] + final['rows']:
        measures = [row['score']] + shares(row['consistency']) + shares(row['fidelity']) + shares(row['msb'])
        assert all(0 <= share <= 1 for share in measures)
        assert row['seconds'] > 0
        assert [iteration for iteration, _ in row['curve']] == [2, 4]
    segmentation = search['rows'][1]
    assert segmentation['config'] == dict(type='TIPS')
    assert all(value is not None for of in segmentation['consistency'].values() for value in of.values())
    assert 0 <= segmentation['foreground_score'] <= segmentation['score']
    assert len(segmentation['tau']) == 3
    assert all(0.25 <= value <= 1 for curve in segmentation['tau'].values() for _, value in curve)
    assert row['tau'] == {}
    assert math.isclose(row['fidelity']['standard'], row['score'] * row['consistency']['standard']['all'], abs_tol=1e-6)
    status, said = tool()  # nothing is left
    assert status == 0
    assert 'final: ' not in said
    assert '2 cells, 2 of them finished before' in said
    assert '[1/' not in said
