# Copyright (c) mmtips authors. All rights reserved.
import copy
import json
import re
import runpy
import sys
from pathlib import Path

import jsonschema
import pytest
from mmengine.runner import TestLoop

from mmtips.report import load_robustness, schemas
from mmtips.robustness import Attack, CellStore, robustness_study

pytest.importorskip('foolbox')
pytest.importorskip('imagecorruptions')
ROOT = Path(__file__).parents[2]
CELLS = dict(attacks=[Attack('FGSM', 0), Attack('FGSM', 16), Attack('PGD-l2', 2, steps=2)],
             corruptions=['gaussian_noise', 'contrast'], severities=[1, 5])


class Killed(Exception):
    """Stands for the machine going down."""


def study(trained, store, stop_after=None, **changes):
    """The section, and the lines that were reported; killed after so many cells."""
    lines = []

    def report(line):
        lines.append(line)
        if len(lines) == stop_after:
            raise Killed

    config, checkpoint = trained
    return robustness_study(config, checkpoint, **(CELLS | changes), store=store, report=report), lines


def test_a_study_that_was_killed_goes_on(trained, tmp_path):
    section, lines = study(trained, tmp_path / 'whole.jsonl')
    assert len(lines) == 8
    check_section(section, trained[0].default_scope)
    assert lines[0].startswith('[1/8] clean: ')
    assert lines[-1].startswith('[8/8] contrast, severity 5, seed 0: ')
    assert 's left)' in lines[0]

    store = tmp_path / 'cells.jsonl'
    with pytest.raises(Killed):
        study(trained, store, stop_after=3)
    with store.open('a') as file:
        file.write('{"cell": "gaussian_noise, severity 1, se')  # torn
    again, rest = study(trained, store)
    assert again == section
    assert len(rest) == 5
    assert [json.loads(line)['cell'] for line in store.read_text().splitlines()[1:]] == [
        json.loads(line)['cell'] for line in (tmp_path / 'whole.jsonl').read_text().splitlines()[1:]]
    assert study(trained, store) == (section, [])
    less, none = study(trained, store, attacks=[], severities=[5])  # a part of it
    assert (less['attacks'], none) == ([], [])


def check_section(section, host):
    assert section['metric'] == ('mIoU' if host == 'mmseg' else 'accuracy/top1')
    assert section['attacks'][0] == dict(attack='FGSM', epsilon=0, steps=1, accuracy=section['clean'])
    assert section['attacks'][1]['accuracy'] < section['clean']
    assert section['attacks'][2] == dict(attack='PGD-l2', epsilon=2, steps=2,
                                         accuracy=section['attacks'][2]['accuracy'])
    assert list(section['corruptions']) == ['gaussian_noise', 'contrast']
    assert section['corruptions']['gaussian_noise']['5'] < section['corruptions']['gaussian_noise']['1']
    schema = schemas.SCHEMAS['shift_consistency']
    jsonschema.validate(section, dict(schema['properties']['robustness'], **{'$defs': schema['$defs']}))


def test_another_measurement_is_refused(one_host, tmp_path):
    store = tmp_path / 'cells.jsonl'
    few = dict(attacks=[], corruptions=[])
    study(one_host, store, **few)
    config = copy.deepcopy(one_host[0])
    config.work_dir = str(tmp_path)  # says nothing about the scores
    assert study((config, one_host[1]), store, **few)[1] == []
    config.test_dataloader.dataset.indices = 7
    with pytest.raises(ValueError, match=r'cells.jsonl holds cells of another measurement \(config with weights.pth; '):
        study((config, one_host[1]), store, **few)


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(severities=[1, 1]), 'named twice: .*contrast, severity 1'),
    (dict(corruptions=['rain']), "got 'rain'"),
    (dict(attacks=[Attack('FGSM', 1), Attack('FGSM', 1.)]), 'named twice: .*FGSM, epsilon 1'),
])
def test_cells_that_are_refused(one_host, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        study(one_host, tmp_path / 'cells.jsonl', **changes)


def test_a_metric_that_is_no_score(one_host, tmp_path):
    config = copy.deepcopy(one_host[0])
    config.test_evaluator = dict(type='SingleLabelMetric')
    with pytest.raises(ValueError, match=r"test_evaluator: expected a metric that gives one of \('mIoU', 'accuracy/"):
        study((config, one_host[1]), tmp_path / 'cells.jsonl')


def test_a_store(tmp_path):
    path = tmp_path / 'folder/cells.jsonl'
    store = CellStore(path, 'abc', 'a with b')
    assert json.loads(path.read_text()) == dict(fingerprint='abc', description='a with b')
    store.add('clean', dict(score=1.5))
    store.add('fog', dict(score=1.))
    assert CellStore(path, 'abc', 'a with b').cells == dict(clean=dict(score=1.5), fog=dict(score=1.))
    path.write_text(path.read_text()[:-4])
    assert CellStore(path, 'abc', 'a with b').cells == dict(clean=dict(score=1.5))
    CellStore(path, 'abc', 'a with b').add('fog', dict(score=2.))
    assert CellStore(path, 'abc', 'a with b').cells['fog'] == dict(score=2.)
    with pytest.raises(ValueError, match=r'a with b; fingerprint abc\), and this one is c with d \(xyz\)'):
        CellStore(path, 'xyz', 'c with d')


@pytest.mark.parametrize('text', ['hello\n', '[1]\n', '{"fingerprint": "abc"}\nfog\n', '{}\n',
                                  '{"fingerprint": "abc"}\n{"cell": "fog"}\n'])
def test_a_file_that_is_no_store(tmp_path, text):
    path = tmp_path / 'cells.jsonl'
    path.write_text(text)
    with pytest.raises(ValueError, match='cells.jsonl is no file of finished cells'):
        CellStore(path, 'abc', '')


def test_a_header_that_was_torn(tmp_path):
    path = tmp_path / 'cells.jsonl'
    path.write_text('{"fingerpr')
    CellStore(path, 'abc', '').add('clean', dict(score=1.))
    assert CellStore(path, 'abc', '').cells == dict(clean=dict(score=1.))


def test_our_test_tool_takes_a_config_with_the_transform(one_host, tmp_path, monkeypatch):
    """As a user writes it, and it gives what the study gives for that cell."""
    config = copy.deepcopy(one_host[0])
    config.test_dataloader.dataset.pipeline.insert(1, dict(type='TIPSCorrupt', corruption='contrast', severity=5))
    (tmp_path / 'config.py').write_text(config.pretty_text)
    metrics = []
    with monkeypatch.context() as patch:
        patch.setattr(TestLoop, 'run', lambda loop, run=TestLoop.run: metrics.append(run(loop)))
        patch.setattr(sys, 'argv', ['test.py', str(tmp_path / 'config.py'), str(one_host[1])])
        runpy.run_path(str(ROOT / 'tools/test.py'), run_name='__main__')
    section, _ = study(one_host, tmp_path / 'cells.jsonl', attacks=[], severities=[5], corruptions=['contrast'])
    assert metrics == [{'accuracy/top1': section['corruptions']['contrast']['5']}]


def test_the_tool(one_host, tmp_path, monkeypatch, capsys):
    (tmp_path / 'config.py').write_text(one_host[0].pretty_text)
    out = tmp_path / 'robustness.json'
    command = ['eval_robustness.py', str(tmp_path / 'config.py'), str(one_host[1]), '--attacks', 'FGSM:0,16',
               '--corruptions', 'contrast', '--severities', '1', '5', '--images', '30', '--out', str(out),
               '--work-dir', str(tmp_path)]
    for more in ([], ['--baseline', str(out)]):  # the second time against itself, and nothing is measured anew
        monkeypatch.setattr(sys, 'argv', [*command, *more])
        runpy.run_path(str(ROOT / 'tools/eval_robustness.py'), run_name='__main__')
    section = load_robustness(out, one_host[1], 'CustomDataset')
    assert section['dataset'] == 'CustomDataset'
    assert section['images'] == 30
    with pytest.raises(ValueError, match='expected the robustness on CIFAR10, got that on CustomDataset'):
        load_robustness(out, one_host[1], 'CIFAR10')
    monkeypatch.setattr(sys, 'argv', [*command, '--baseline', str(out), '--severities', '2'])
    with pytest.raises(ValueError, match='errors: expected the same cells .* contrast at severity 1, contrast at sev'):
        runpy.run_path(str(ROOT / 'tools/eval_robustness.py'), run_name='__main__')
    assert [cell['epsilon'] for cell in section['attacks']] == [0, 16]
    printed = capsys.readouterr().out
    assert re.search(rf"FGSM +epsilon 16 +{section['attacks'][1]['accuracy']:.2f}\n", printed)
    assert re.search(rf"contrast +severity 5 +{section['corruptions']['contrast']['5']:.2f}\n", printed)
    assert re.search(r'\nmCE +100.0\n', printed)
    assert printed.count('[5/5]') == 1


@pytest.mark.parametrize('word', ['FGSM', 'FGSM:', 'FGSM:1;2', 'CW:1'])
def test_attacks_that_cannot_be_read(word):
    tool = runpy.run_path(str(ROOT / 'tools/eval_robustness.py'))
    with pytest.raises(ValueError, match=f'--attacks: expected NAME:EPSILONS as in FGSM:1,2, got {word!r}'):
        tool['parse_attacks']([word], 10, 0)
