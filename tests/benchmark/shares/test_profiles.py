# Copyright (c) mmtips authors. All rights reserved.
"""Profiles of a training and an evaluation whose shares are known, of a layer, and their tables."""

import re
import time
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.evaluator import Evaluator
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, MODELS
from torch import nn

from mmtips import report
from mmtips.benchmark import shares
from mmtips.benchmark.candidates import core
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.shares import evaluation, training
from mmtips.benchmark.shares.meter import REST, Meter
from mmtips.benchmark.shares.operations import CALL, operation_seconds
from mmtips.benchmark.shares.tables import operations_table, parts_table
from tests.evaluation.toys import make_runner

ROOT = Path(__file__).parents[3]


def burn(milliseconds):
    """Be busy for so much CPU time."""
    end = time.process_time() + milliseconds / 1000
    while time.process_time() < end:
        pass


@DATASETS.register_module()
class TIPSBurningImages(BaseDataset):
    """Reading an image takes 5 ms."""

    def load_data_list(self):
        return [dict(number=number) for number in range(64)]

    def prepare_data(self, idx):
        burn(5)
        return dict(inputs=torch.tensor([float(idx)]))


@MODELS.register_module()
class TIPSBurningModel(BaseModel):
    """A forward takes 30 ms, its backward 60."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, inputs, mode):
        assert mode == 'loss'
        burn(30)
        loss = self.weight.sum()
        loss.register_hook(lambda gradient: burn(60))
        return dict(loss=loss)


def burning_config(work_dir, **loader):
    return Config(dict(
        model=dict(type='TIPSBurningModel'), work_dir=str(work_dir), experiment_name=f'burning_{work_dir.name}',
        train_dataloader=dict(dict(batch_size=4, num_workers=0, dataset=dict(type='TIPSBurningImages'), collate_fn=dict(
            type='default_collate'), sampler=dict(type='InfiniteSampler')), **loader),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=1000), log_level='WARNING',
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.))))


def test_shares_of_a_training_are_what_was_burnt(tmp_path):
    rows = training.training_rows(burning_config(tmp_path), 'burning', {'early': range(2, 5), 'late': range(6, 8)})
    assert [(row['condition'], row['count']) for row in rows] == [('early', 3), ('late', 2)]
    for row in rows:
        parts = row['parts']
        assert list(parts) == list(training.PARTS)
        # 4 images of 5 ms; the library adds a little.
        for part, expected in ((training.READING, 20), (training.FORWARD, 30), (training.BACKWARD, 60)):
            assert parts[part] >= expected
            assert parts[part] / sum(parts.values()) == pytest.approx(expected / 110, abs=0.1)
    with pytest.raises(ValueError, match=r'train_dataloader.num_workers: expected 0, .*, got 2'):
        training.training_rows(burning_config(tmp_path, num_workers=2), 'burning')


def test_shares_of_an_evaluation_are_what_was_burnt(tmp_path, monkeypatch):
    runner = make_runner(tmp_path, 'pixel', batch_size=1)
    runner.model.backbone = nn.Identity()
    forward, evaluate = runner.model.forward, Evaluator.evaluate

    def busy(inputs, *args, **kwargs):
        burn(2)
        return forward(runner.model.backbone(inputs), *args, **kwargs)

    def counting(*args):
        burn(40)
        return evaluate(*args)

    monkeypatch.setattr(runner.model.backbone, 'forward', lambda x: (burn(10), x)[1])
    monkeypatch.setattr(runner.model, 'forward', busy)
    monkeypatch.setattr(Evaluator, 'evaluate', counting)
    meter = Meter()
    evaluation.watch_tester(meter, runner)
    runner.test()
    meter.release()
    parts = meter.so_far()
    calls = parts[evaluation.NETWORK] / 0.010
    # 6 images: the host's own prediction, and one batch of views for each of two protocols.
    assert 18 <= calls < 20
    assert parts[evaluation.HOST] >= 18 * 0.002
    assert parts[evaluation.SUMMARY] >= 0.040
    assert set(parts) <= {*evaluation.PARTS}


def test_a_layer_is_taken_apart_by_operation():
    spent = operation_seconds(core(16)['BlurPool'], (1, 16, 32, 32), Setting(), 'step', 3, 2)
    assert {'aten::reflection_pad2d', 'aten::convolution_backward', CALL} <= set(spent)
    assert all(value >= 0 for value in spent.values())
    assert list(spent.values()) == sorted(spent.values(), reverse=True)
    with pytest.raises(ValueError, match='setting: expected an eager one on the CPU, got cpu-float32-compiled-t1'):
        shares.operation_rows(Setting(mode='compiled'))


def row(parts, name='TIPS', condition='later', section='training'):
    return dict(section=section, name=name, condition=condition, unit='iteration', count=3, parts=parts)


def test_tables_by_hand():
    rows = [row({'reading': 25., 'rest': 75.}), row({'reading': 30_000., 'rest': 0.}, 'stock')]
    assert parts_table(rows) == (['part', 'TIPS, later', 'stock, later'], [
        ['reading', '25.0 ms (25 %)', '30.0 s (100 %)'], ['rest', '75.0 ms (75 %)', '0.0 ms (0 %)'],
        ['**all**', '**100 ms**', '**30.0 s**']])
    assert operations_table([row({'a': 6., 'b': 93., 'c': 0.5, 'd': 0.5})])[1] == [
        ['TIPS', 'later', '100 ms', '`b` 93 %, `a` 6 %, 2 others 1 %']]


def result(rows):
    run = dict(created='2026-01-01', commit='abc', device='CPU (x)', threads=1, versions=dict(torch='2.0'))
    return report.validate(dict(schema=1, kind='profile', config='x.py', run=run, rows=rows))


def test_sentences_by_hand():
    parts = dict.fromkeys(training.PARTS, 0.)
    first = {training.READING: 20., training.FORWARD: 30., training.BACKWARD: 50.}
    rows = [row(parts | first, condition='first epoch'),
            row(parts | {training.READING: 0., training.FORWARD: 50., REST: 50.}),
            row(parts | {training.READING: 10., training.FORWARD: 60., REST: 30.}, name='stock')]
    said = shares.profile_parts(dict(training=result(rows)))
    assert 'take in the first epoch: 80 % and 20 %; in the later: 50 to 60 % and 0 to 10 %.' in said['training shares']
    assert said['evaluation shares'] == 'Not measured yet.'
    parts = dict.fromkeys(evaluation.PARTS, 0.) | {evaluation.IMPORTS: 900., evaluation.NETWORK: 60.,
                                                   evaluation.HOST: 20., evaluation.COUNTING: 20.}
    said = shares.profile_parts(dict(evaluation=result([row(parts, section='evaluation')])))['evaluation shares']
    assert "the model's predictions are 80 % and reading is 0 %" in said


def test_the_committed_profiles_say_which_code_they_are_of():
    for section, of in shares.load_profiles(ROOT / 'results/benchmarks').items():
        assert {row['section'] for row in of['rows']} == {section}
        assert not of['run']['commit'].endswith('-dirty')


def test_an_evaluation_is_profiled_with_the_options_of_the_demo():
    lines = (ROOT / 'Makefile').read_text().replace('\\\n', ' ')
    lines = lines.replace('$(MAP_STEP)', re.search(r'^MAP_STEP \?= (\d+)$', lines, re.MULTILINE)[1])
    assert ' '.join(shares.DEMO_OPTIONS) in ' '.join(lines.split())


def test_a_profile_needs_parts():
    with pytest.raises(ValueError, match=r'\$.rows\[0\].parts'):
        result([row({})])
