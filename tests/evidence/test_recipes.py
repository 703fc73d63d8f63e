# Copyright (c) mmtips authors. All rights reserved.
import os
from dataclasses import replace

import pytest

from mmtips.datasets.digits import write_scattered_digits
from mmtips.evidence.cells import as_planned, grid, study_cells
from mmtips.evidence.recipes import cell_config, spread, stretched
from tests.evidence.factory import ROOT, make_plan


def test_spread():
    assert sorted(spread(4, 10)) == [0, 2, 5, 7]
    assert sorted(spread(5, 3)) == [0, 1, 2]
    assert spread(1, 9) == [0]


@pytest.mark.parametrize('count', [100, 200, 500])
def test_the_first_images_are_spread_too(count):
    """Files are sorted by class, and sampling bias is measured on the first images alone."""
    indices = spread(count, 1000)
    assert len(set(indices)) == count
    assert indices[0] == 0
    assert {index // 100 for index in indices[:16]} == set(range(10))  # ten classes of a hundred


def test_stretched():
    schedules = [dict(type='a', begin=0, end=30), dict(type='b', begin=30, end=1000)]
    assert stretched(schedules, 2.0) == [dict(type='a', begin=0, end=60), dict(type='b', begin=60, end=2000)]
    assert stretched(schedules, 0.01) == [dict(type='b', begin=0, end=10)]
    assert schedules[1]['end'] == 1000


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    sizes = {task: dict(train=10, val=20, test=10) for task in ('seg', 'cls')}
    folder = tmp_path_factory.mktemp('data') / 'digits'
    write_scattered_digits(folder, sizes=sizes, report=lambda line: None)
    return str(folder)


def test_the_config_of_a_cell(data, tmp_path, monkeypatch, scope):
    scope('mmpretrain')
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv('DOWNSAMPLER', 'aps')
    plan = make_plan()
    options = {f'{part}_dataloader': dict(dataset=dict(data_root=data)) for part in ('train', 'val', 'test')}
    plan = replace(plan, networks={name: replace(network, options=options) for name, network in plan.networks.items()})
    cell, = [cell for cell in study_cells(plan, 'final', grid(plan), as_planned(plan, 'final'))
             if (cell.setting, cell.name, cell.learning_rate, cell.seed) == ('resnet18-circular', 'TIPS', 0.002, 1)]
    config = cell_config(cell, tmp_path)
    assert os.environ['DOWNSAMPLER'] == 'aps'
    assert config.model.backbone.downsampler == dict(type='TIPS')
    assert [hook.type for hook in config.custom_hooks] == ['CircularPaddingHook', 'TIPSLossHook']
    assert (config.optim_wrapper.optimizer.lr, config.randomness.seed, config.train_cfg.max_iters) == (0.002, 1, 100)
    assert config.train_cfg.val_interval == 50
    assert [schedule.end for schedule in config.param_scheduler] == [3, 100]
    assert config.test_dataloader.dataset.split == 'test'
    assert config.test_dataloader.dataset.indices == spread(4, 10)
    assert config.val_dataloader.dataset.indices == spread(4, 20)
    assert [protocol.name for protocol in config.test_cfg.protocols] == ['standard', 'circular']
    search = cell_config(replace(cell, split='val', padding='zeros'), tmp_path)
    assert search.test_dataloader.dataset.split == 'val'
    assert [hook.type for hook in search.custom_hooks] == ['TIPSLossHook']


def test_a_recipe_of_one_operator_is_refused(data, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    recipe = tmp_path / 'x' / 'recipe.py'
    recipe.parent.mkdir()
    recipe.write_text("downsampler = dict(type='BlurPool')\n")
    cell = replace(study_cells(make_plan(), 'search', grid(make_plan()), as_planned(make_plan(), 'search'))[0],
                   recipe=str(recipe))
    with pytest.raises(ValueError, match='does not read its downsampler from the file that DOWNSAMPLER names'):
        cell_config(cell, tmp_path)
