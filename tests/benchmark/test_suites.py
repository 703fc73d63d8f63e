# Copyright (c) mmtips authors. All rights reserved.
from functools import partial

import pytest
import torch

from mmtips import benchmark, report
from mmtips.benchmark.candidates import OPERATORS, OPTIONS, core
from mmtips.benchmark.measurement import measure
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.suites import DENSE, SUITES, Case, Suite
from mmtips.benchmark.tables import find_row
from mmtips.downsampling import DOWNSAMPLERS
from tests.benchmark.factory import case, result, row


@pytest.mark.parametrize('name', SUITES)
def test_candidates_are_built_and_differ_in_their_operator_only(name):
    suite = SUITES[name]()
    assert all(suite.references[0] in part.candidates for part in suite.cases)
    # Of a network two rows say enough.
    part = suite.cases[0]
    rows = list(part.candidates.values())[:2 if part.shape[1] == 3 else None]
    outputs = []
    for module in (candidate.build() for candidate in rows):
        module.eval()
        with torch.no_grad():
            outputs.append(module(torch.randn(1, part.shape[1], 32, 32)))
    assert len({str([y.shape for y in (out if isinstance(out, tuple) else [out])]) for out in outputs}) == 1


def test_every_operator_has_a_row():
    assert {cfg['type'] for cfg in OPERATORS.values()} == set(DOWNSAMPLERS.module_dict)
    assert set(OPERATORS | OPTIONS) <= set(SUITES['layers']().cases[0].candidates)
    assert set(OPERATORS) <= set(SUITES['unet']().cases[0].candidates)


def test_a_measurement_adds_up(monkeypatch):
    monkeypatch.setattr('mmtips.benchmark.measurement.peak_bytes', lambda *args: dict(forward=1, step=2))
    rows = core(8)
    small = Suite('small', ('BlurPool', ), 3, (Case('one layer', (2, 8, 16, 16), rows, 2), ))
    rounds = []
    of = measure('core', small, Setting(), report.run_information('cpu'), progress=rounds.append)
    assert rounds == [0, 1, 2, 3]
    measured = of['cases'][0]
    assert [line['name'] for line in measured['rows']] == list(rows)
    assert measured['copy']['bytes'] == 2 * 4 * 2 * 8 * 16 * 16
    tips, blur = find_row(measured, 'TIPS'), find_row(measured, 'BlurPool')
    assert blur['ratios']['BlurPool']['forward'] == dict(median=1, low=1, high=1)
    within = sorted(a / b for a, b in zip(tips['forward_ms']['rounds'], blur['forward_ms']['rounds'], strict=True))
    assert tips['ratios']['BlurPool']['forward']['median'] == pytest.approx(within[1], rel=1e-3)
    shares = sorted(tips['minimal_bytes'] / a / (measured['copy']['bytes'] / b) for a, b in zip(
        tips['forward_ms']['rounds'], measured['copy']['ms']['rounds'], strict=True))
    assert tips['copy_share']['median'] == pytest.approx(shares[1], rel=1e-3)
    assert find_row(measured, 'TIPS, with losses')['losses'] == 'tips'


def test_compiled_candidates_say_how_long_that_took(monkeypatch):
    # Another backend than the usual one, which needs seconds for each.
    monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend='eager'))
    small = Suite('small', ('BlurPool', ), 2, (Case('one layer', (2, 8, 16, 16), core(8), 2), ))
    of = measure('core', small, Setting(mode='compiled'), report.run_information('cpu'))
    compiled = {line['name']: line['compiled'] for line in of['cases'][0]['rows']}
    assert all(one['graph_breaks'] == 0 and one['forward_s'] > 0 and one['step_s'] > 0 for one in compiled.values())
    assert {line['peak_bytes']['step'] for line in of['cases'][0]['rows']} == {None}
    torch.compiler.reset()


def test_table_by_hand():
    ratios = {'BlurPool': 1.5}
    of = result([case([row('BlurPool', ratios=ratios), row('TIPS', ratios=ratios), row('APS', ratios=ratios),
                       row('TIPS, taps=4', ratios=ratios, compiled=dict(forward_s=1.25, step_s=3., graph_breaks=2))])])
    headings, rows = benchmark.table(report.validate(of), of['cases'][0], 'TIPS')
    assert headings == [
        'one layer, 1 x 2 x 4 x 4', 'forward', 'forward / BlurPool', 'training step', 'training step / BlurPool',
        'kept for backward', 'peak, step', 'MMACs', 'parameters', 'compiled in', 'graph breaks']
    assert [line[0] for line in rows] == ['BlurPool', 'TIPS', 'TIPS, taps=4']
    assert rows[1][1:] == ['2.00 ms', '1.50 (0.75 to 3.00)', '30.00 ms', '1.50 (0.75 to 3.00)', '1.5 MB', '3.0 MB',
                           '2.5', '1,234', '-', '-']
    assert rows[2][-2:] == ['1.2 s + 3.0 s', '2']


def test_a_card_gets_the_rows_of_its_operator(tmp_path):
    for name in ('README', 'APS'):
        (tmp_path / f'{name}.md').write_text('before\n<!-- cost --><!-- /cost -->\nafter\n')
    one = result([case([row('BlurPool'), row('TIPS'), row('APS')])])
    other = result([dict(case([row('BlurPool'), row('APS')]), title='by site')])
    benchmark.render_cards(tmp_path, {'layers-cpu-float32-t1': one, 'sites-cpu-float32-t1': other})
    card, index = ((tmp_path / f'{name}.md').read_text() for name in ('APS', 'README'))
    assert '| APS |' in card
    assert '| TIPS |' not in card
    assert 'by site' not in card
    assert '| TIPS |' in index
    assert 'by site' in index
    assert card.startswith('before\n<!-- cost -->\n| one layer, 1 x 2 x 4 x 4 |')


def test_networks_need_two_images():
    # In training, the norm behind the image pool of DeepLabV3+ sees one value for each image.
    assert DENSE[0] >= 2
