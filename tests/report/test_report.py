# Copyright (c) mmtips authors. All rights reserved.
import hashlib
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from mmtips import report
from mmtips.evaluation import ShiftProtocol

ROOT = Path(__file__).parents[2]
RESULTS = sorted((ROOT / 'results').rglob('*.json'))


@pytest.fixture
def result(tmp_path):
    checkpoint = tmp_path / 'weights.pth'
    checkpoint.write_bytes(b'weights')
    metrics = {'mIoU': 60.0, 'aAcc': 90.0}
    for protocol, values in dict(standard=(90, 80, 50), circular=(88, 75, 45)).items():
        for row, value in zip(('overall', 'foreground', 'joint'), values, strict=True):
            metrics.update({f'shift/{protocol}/{row}': value, f'shift/{protocol}/{row}_low': value - 1,
                            f'shift/{protocol}/{row}_high': value + 2})
        metrics.update({f'shift/{protocol}/class/cat': 70., f'shift/{protocol}/class/cat_low': 60.,
                        f'shift/{protocol}/class/cat_high': 75.})
    cost = dict(parameters=160_000, gmacs=0.123, input_shape=[3, 128, 128],
                latency_ms=dict(median=7.0, low=6.5, high=8.0))
    data = dict(dataset='Cats', images=5, classes=2, background=None, ignore_index=255)
    return report.shift_result('tiny', 'tiny.py', checkpoint, data, cost, metrics,
                               [ShiftProtocol('standard'), ShiftProtocol('circular')])


def test_result_by_hand(result):
    assert result['accuracy'] == dict(metric='mIoU', value=60)
    assert result['shift']['standard']['fidelity'] == pytest.approx(54)
    assert result['shift']['circular']['foreground'] == dict(value=75, low=74, high=77)
    assert result['shift']['standard']['per_class'] == dict(cat=dict(value=70, low=60, high=75))
    assert result['checkpoint']['sha256'] == hashlib.sha256(b'weights').hexdigest()
    assert result['run']['versions']['torch'].split('+')[0] == torch.__version__.split('+')[0]


def test_without_a_known_accuracy_the_consistency_is_kept(result, tmp_path):
    metrics = {'f1': 3., **{f'shift/standard/overall{end}': 90. for end in ('', '_low', '_high')}}
    other = report.shift_result('x', 'x.py', tmp_path / 'weights.pth', result['data'], result['model'], metrics,
                                [ShiftProtocol('standard')])
    assert other['accuracy'] is None
    headings, rows = report.comparison([result, other])
    assert headings[1] == 'mIoU'
    assert rows[1][1] == rows[1][headings.index('fidelity')] == '-'
    assert rows[1][2] == '90.0 ± 0.0'


def test_cost_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.ReLU())
    cost = report.measure_cost(net, (3, 10, 12), repeats=4)
    assert cost['parameters'] == 3 * 8 * 9
    assert cost['gmacs'] == pytest.approx(3 * 8 * 9 * 120 / 1e9, rel=0.01)
    assert cost['latency_ms']['low'] <= cost['latency_ms']['median'] <= cost['latency_ms']['high']


@pytest.mark.parametrize('path', RESULTS, ids=lambda path: path.name)
def test_committed_results_fit_the_schema(path):
    assert report.load_result(path, 'benchmark' if path.parent.name == 'benchmark' else 'shift_consistency')


def test_the_documentation_shows_the_committed_results():
    results = {path.stem: report.load_result(path) for path in sorted((ROOT / 'results/demo').glob('*.json'))}
    demo = [results[name] for name in ('stock', 'BlurPool', 'TIPS')]
    assert report.markdown(demo) in (ROOT / 'README.md').read_text()
    twin = [report.load_result(path) for path in sorted((ROOT / 'results/classification').glob('*.json'))]
    assert report.markdown(twin) in (ROOT / 'docs/datasets.md').read_text()
    results = list(results.values())
    assert report.markdown(results) in (ROOT / 'docs/operators/README.md').read_text()
    assert all(list((ROOT / 'configs').glob(f"*/{result['config']}")) for result in results)


def test_json_is_readable(result):
    assert json.loads(json.dumps(result)) == result
