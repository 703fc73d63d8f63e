# Copyright (c) mmtips authors. All rights reserved.
import hashlib
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from mmtips import report
from mmtips.benchmark.evaluation import evaluation_caption
from mmtips.evaluation import ShiftProtocol
from mmtips.report.robustness import robustness_markdown

ROOT = Path(__file__).parents[2]
RESULTS = sorted((ROOT / 'results').rglob('*.json'))


def estimate(value):
    return dict(value=value, low=value - 1, high=value + 2)


ROWS = dict(overall=estimate(90), foreground=estimate(80), joint=estimate(50))
CIRCULAR = {'overall': estimate(88), 'foreground': estimate(75), 'class/cat': estimate(70), 'class/dog': estimate(3)}
SUMMARIES = dict(standard=ROWS, circular=CIRCULAR, truth=dict(absent=['dog']))
COST = dict(parameters=160_000, gmacs=0.123, input_shape=[3, 128, 128],
            latency_ms=dict(median=7.0, low=6.5, high=8.0))
DATA = dict(dataset='Cats', images=5, skipped=['cat_7.png: truncated'], classes=2, background=None, ignore_index=255,
            border=3)


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'weights.pth'
    path.write_bytes(b'weights')
    return path


def assembled(checkpoint, metrics, *names, **summaries):
    protocols = [ShiftProtocol(name) for name in names]
    return report.shift_result('tiny', 'tiny.py', checkpoint, DATA, COST, metrics, protocols, SUMMARIES | summaries)


def test_result_by_hand(checkpoint):
    result = assembled(checkpoint, {'mIoU': 60.0, 'aAcc': 90.0}, 'standard', 'circular')
    assert result['accuracy'] == dict(metric='mIoU', value=60)
    assert result['shift']['standard']['fidelity'] == pytest.approx(54)
    assert result['shift']['circular']['foreground'] == dict(value=75, low=74, high=77)
    assert result['shift']['circular']['per_class'] == dict(cat=estimate(70))  # no image shows a dog
    assert result['data']['absent'] == ['dog']
    assert result['checkpoint']['sha256'] == hashlib.sha256(b'weights').hexdigest()
    assert result['run']['versions']['torch'].split('+')[0] == torch.__version__.split('+')[0]
    assert result['shift_map'] is result['sampling'] is result['robustness'] is None


def test_what_was_measured_beside_it_is_kept(checkpoint):
    sites = [dict(path='pool', operator='max pool', stride=2, selection=1.0, weight=1.0, aliasing=0.2)]
    shift_map = dict(protocol='standard', max_shift=1, step=1, images=2, shifts=[-1, 0, 1], overall=[[90.] * 3] * 3,
                     worst=dict(overall=estimate(80)))
    result = assembled(checkpoint, {}, 'standard', map=shift_map, sampling=dict(images=2, sites=sites))
    assert result['sampling'] == dict(images=2, sites=sites)
    assert result['shift_map'] == shift_map


def test_without_a_known_accuracy_the_consistency_is_kept(checkpoint):
    results = [assembled(checkpoint, metrics, 'standard') for metrics in ({'mIoU': 60.}, {'f1': 3.})]
    assert results[1]['accuracy'] is None
    headings, rows = report.comparison(results)
    assert headings[1] == 'mIoU'
    assert rows[1][1] == rows[1][headings.index('fidelity')] == '-'
    assert rows[1][2] == '90.0 ± 1.5'


def test_cost_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.ReLU())
    cost = report.measure_cost(net, (3, 10, 12), repeats=4)
    assert cost['parameters'] == 3 * 8 * 9
    assert cost['gmacs'] == pytest.approx(3 * 8 * 9 * 120 / 1e9, rel=0.01)
    assert cost['latency_ms']['low'] <= cost['latency_ms']['median'] <= cost['latency_ms']['high']
    assert cost['latency_ms']['forwards'] == 4


def test_a_slow_model_is_timed_less_often():
    assert report.measure_cost(nn.Conv2d(3, 8, 3), (3, 10, 12), seconds=0)['latency_ms']['forwards'] == 3


@pytest.mark.parametrize('path', RESULTS, ids=lambda path: f'{path.parent.name}/{path.name}')
def test_committed_results_fit_the_schema(path):
    assert report.validate(json.loads(path.read_text()))


def test_the_documentation_shows_the_committed_results():
    results = {path.stem: report.load_result(path) for path in sorted((ROOT / 'results/demo').glob('*.json'))}
    demo = [results[name] for name in ('stock', 'BlurPool', 'TIPS')]
    assert report.markdown(demo) in (ROOT / 'README.md').read_text()
    twin = [report.load_result(path) for path in sorted((ROOT / 'results/classification').glob('*.json'))]
    assert report.markdown(twin) in (ROOT / 'docs/datasets.md').read_text()
    attacked = {name: report.load_result(ROOT / f'results/robustness/{name}.json', 'robustness')
                for name in ('stock', 'BlurPool', 'TIPS')}
    assert robustness_markdown(attacked) in (ROOT / 'docs/robustness.md').read_text()
    results = list(results.values())
    assert report.markdown(results) in (ROOT / 'docs/operators/README.md').read_text()
    assert all(list((ROOT / 'configs').glob(f"*/{result['config']}")) for result in results)
    correlation = report.load_result(ROOT / 'results/correlation/demo.json', 'correlation')
    assert report.correlation_caption(correlation) in (ROOT / 'docs/operators/README.md').read_text()
    assert correlation['left_out'] == ['with SPDConv']
    assert {cell['name'] for cell in correlation['cells']} | {'with SPDConv'} == {of['name'] for of in results}
    cost = report.load_result(ROOT / 'results/benchmarks/evaluation.json', 'evaluation_cost')
    assert evaluation_caption(cost) in (ROOT / 'docs/evaluation.md').read_text()
