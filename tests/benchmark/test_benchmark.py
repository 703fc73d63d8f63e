# Copyright (c) mmtips authors. All rights reserved.
import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from mmtips import benchmark, report
from mmtips.benchmark.cards import render_cards
from mmtips.benchmark.timing import compare, macs, saved_bytes
from mmtips.downsampling import DOWNSAMPLERS, TIPS

ROOT = Path(__file__).parents[2]
CARDS = ROOT / 'docs/operators'


class Slow(nn.Module):
    """Takes as long as it is told to, on a clock of its own."""

    def __init__(self, seconds, clock):
        super().__init__()
        self.seconds = seconds
        self.clock = clock
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        self.clock[0] += self.seconds
        return 2 * x


def test_ratios_are_those_of_the_times(monkeypatch):
    clock = [0.]
    monkeypatch.setattr('mmtips.report.cost.time.perf_counter', lambda: clock[0])
    modules = dict(one=Slow(0.002, clock), three=Slow(0.006, clock))
    rounds = []
    costs = compare(modules, torch.ones(1, 1, 2, 2), 'one', rounds=4, progress=rounds.append)
    assert rounds == [0, 1, 2, 3, 4]
    assert costs['one'].forward_ratio == costs['one'].step_ratio == dict(median=1, low=1, high=1)
    assert costs['three'].forward_ratio == pytest.approx(dict(median=3, low=3, high=3))
    assert costs['three'].forward_ms == costs['three'].step_ms == pytest.approx(6)
    assert modules['one'].calls == modules['three'].calls == 2 * 5 + 2


def test_kept_bytes_by_hand():
    x = torch.randn(2, 4, 8, 8)
    assert saved_bytes(nn.Identity(), x) == 0
    # The output of the ReLU, which the second layer's input is too, counts once; input and weights do not.
    net = nn.Sequential(nn.Conv2d(4, 3, 1), nn.ReLU(), nn.Conv2d(3, 5, 1))
    assert saved_bytes(net, x) == 2 * 3 * 8 * 8 * 4


def test_multiply_adds_by_hand():
    assert macs(nn.Conv2d(4, 3, 3, stride=2, padding=1), torch.randn(2, 4, 8, 8)) == 16 * 3 * 4 * 9
    # psi on the whole map and the mix on a quarter of it, depthwise; the scale of the scores is no convolution.
    assert macs(TIPS(4), torch.randn(2, 4, 8, 8)) == 4 * (64 * 9 + 16 * 4)


@pytest.mark.parametrize(('options', 'message'), [
    (dict(reference='three'), r"reference: expected one of \['one'\], got 'three'"),
    (dict(reference='one', rounds=1), 'rounds: expected at least 2, got 1'),
])
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        compare(dict(one=nn.Identity()), torch.ones(1, 1, 2, 2), **options)


@pytest.mark.parametrize('name', benchmark.SUITES)
def test_candidates_are_built_and_differ_in_their_operator_only(name):
    suite = benchmark.SUITES[name]()
    assert suite.reference in suite.candidates
    if name == 'layers':
        assert {c.operator['type'] for c in suite.candidates.values() if c.operator} == set(DOWNSAMPLERS.module_dict)
    x = torch.randn(1, suite.shape[1], 64, 64)
    shapes = {str([y.shape for y in (out if isinstance(out, tuple) else [out])])
              for out in (candidate.build()(x) for candidate in list(suite.candidates.values())[:4])}
    assert len(shapes) == 1


def result():
    ratio = dict(median=1.5, low=1.25, high=2.0)
    row = dict(forward_ms=2.0, step_ms=30.0, forward_ratio=ratio, step_ratio=ratio, saved_bytes=1_500_000,
               macs=2_500_000, parameters=1234)
    rows = [dict(row, name=name, operator=cfg) for name, cfg in (
        ('stock', None), ('TIPS', dict(type='TIPS')), ('TIPS, taps=4', dict(type='TIPS', taps=4)),
        ('APS', dict(type='APS')))]
    return dict(schema=1, kind='benchmark', suite='layers', title='one layer', run=report.run_information('cpu'),
                shape=[1, 2, 3, 4], dtype='float32', rounds=3, reference='stock', rows=rows)


def test_table_by_hand():
    headings, rows = benchmark.table(report.validate(result()), 'TIPS')
    assert headings[0] == 'one layer'
    assert [row[0] for row in rows] == ['stock', 'TIPS', 'TIPS, taps=4']
    assert rows[1][1:] == ['2.00 ms', '1.50 (1.25 to 2.00)', '30.0 ms', '1.50 (1.25 to 2.00)', '1.5 MB', '2.5', '1,234']


def test_a_card_gets_the_rows_of_its_operator(tmp_path):
    for name in ('README', 'APS'):
        (tmp_path / f'{name}.md').write_text('before\n<!-- cost --><!-- /cost -->\nafter\n')
    suites = dict(layers=result(), sites=dict(result(), suite='sites', title='by site'))
    render_cards(tmp_path, suites)
    card, index = ((tmp_path / f'{name}.md').read_text() for name in ('APS', 'README'))
    assert '| APS |' in card
    assert '| TIPS |' not in card
    assert 'by site' not in card
    assert '| TIPS |' in index
    assert 'by site' in index
    assert card.startswith('before\n<!-- cost -->\n| one layer |')


def test_the_cards_show_the_committed_results(tmp_path):
    cards = {path.name: path.read_text() for path in CARDS.glob('*.md')}
    for name, text in cards.items():
        (tmp_path / name).write_text(text)
    render_cards(tmp_path, {name: report.load_result(ROOT / f'results/benchmark/{name}.json', 'benchmark')
                            for name in benchmark.SUITES})
    assert cards == {path.name: path.read_text() for path in tmp_path.glob('*.md')}


def test_every_operator_has_a_card():
    assert {path.stem for path in CARDS.glob('*.md')} == {'README', *DOWNSAMPLERS.module_dict}


def test_incomplete_benchmarks_are_refused():
    broken = copy.deepcopy(result())
    del broken['rows'][0]['macs']
    with pytest.raises(ValueError, match=r"\$.rows\[0\]: 'macs' is a required property"):
        report.validate(broken)
