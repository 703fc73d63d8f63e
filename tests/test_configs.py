# Copyright (c) mmtips authors. All rights reserved.
"""Every config is built by its host and takes one training step on tiny input, hooks included."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.structures import PixelData

from mmtips.downsampling import DOWNSAMPLERS, Downsampler

ROOT = Path(__file__).parent.parent
CONFIGS = sorted(path for path in (ROOT / 'configs').glob('*/*.py') if path.parent.name != '_base_')


class TinySegmentation(torch.utils.data.Dataset):

    def __init__(self, classes):
        from mmseg.structures import SegDataSample
        self.metainfo = dict(classes=[str(k) for k in range(classes)])
        self.sample = lambda: SegDataSample(gt_sem_seg=PixelData(data=torch.randint(0, classes, (1, 64, 64))),
                                            metainfo=dict(img_shape=(64, 64), ori_shape=(64, 64)))

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return dict(inputs=torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8), data_samples=self.sample())


class TinyClassification(TinySegmentation):

    def __init__(self, classes):
        from mmpretrain.structures import DataSample
        self.metainfo = dict(classes=[str(k) for k in range(classes)])
        self.sample = lambda: DataSample().set_gt_label(torch.randint(0, classes, (1, )))


def one_step(path, tmp_path):
    """The config with its data replaced by two tiny samples, one iteration, and nothing to download."""
    config = Config.fromfile(path)
    pytest.importorskip(f'{config.default_scope}.models')
    segmentation = config.default_scope == 'mmseg'
    if segmentation:
        config.model.pretrained = None
        config.model.data_preprocessor.size = (64, 64)
        dataset = TinySegmentation(config.model.decode_head.num_classes)
    else:
        dataset = TinyClassification(config.model.head.get('num_classes') or config.model.backbone.num_classes)
    settings = {key: config.get(key) for key in ('model', 'data_preprocessor', 'optim_wrapper', 'custom_hooks')
                if config.get(key) is not None}
    by_epoch = config.train_cfg.get('by_epoch', False)
    return Runner(
        **settings,
        train_dataloader=dict(batch_size=2, num_workers=0, dataset=dataset,
                              sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(by_epoch=True, max_epochs=1) if by_epoch else dict(by_epoch=False, max_iters=1),
        work_dir=str(tmp_path),
        default_scope=config.default_scope,
        default_hooks=dict(checkpoint=None, logger=None),
        experiment_name=path.stem.replace('.', '_'),
        log_level='ERROR')


@pytest.fixture(autouse=True)
def _scope_stays_here():
    """A runner sets the default scope for the whole process."""
    before = dict(DefaultScope._instance_dict)
    yield
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_takes_a_training_step(path, tmp_path):
    runner = one_step(path, tmp_path)
    before = {name: p.detach().clone() for name, p in runner.model.named_parameters()}
    runner.train()
    model = runner.model
    operators = {type(module).__name__.lower() for module in model.modules() if isinstance(module, Downsampler)}
    assert operators == set(re.split('[-_]', path.stem)) & {name.lower() for name in DOWNSAMPLERS.module_dict}
    assert all(torch.isfinite(p).all() for p in model.parameters())
    assert any(not torch.equal(p, before[name]) for name, p in model.named_parameters())
    if 'TIPSLossHook' in path.read_text():
        assert runner.message_hub.get_scalar('train/loss_tips_fm').current() > 0


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_opens_with_its_command(path):
    text = path.read_text()
    assert text.startswith('#')
    assert f'python tools/train.py configs/{path.parent.name}/{path.name}' in text


def test_there_are_configs():
    assert len(CONFIGS) == 24


def test_every_operator_has_a_config():
    tokens = {token for path in CONFIGS for token in re.split('[-_]', path.stem)}
    assert {name.lower() for name in DOWNSAMPLERS.module_dict} <= tokens
