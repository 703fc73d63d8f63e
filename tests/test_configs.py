# Copyright (c) mmtips authors. All rights reserved.
"""Every recipe is built by its host and takes one training step on tiny input, hooks included."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.structures import PixelData

from mmtips.downsampling import DOWNSAMPLERS, Downsampler, SpaceToDepthConv2d

ROOT = Path(__file__).parent.parent
CONFIGS = sorted(path for path in (ROOT / 'configs').glob('*/*.py') if path.parent.name != '_base_')
DOWNSAMPLER_FILES = sorted(path.stem for path in (ROOT / 'configs/_base_/downsampler').glob('*.py'))
DEMO = next(path for path in CONFIGS if 'r18-w8-d8_1xb16-2k' in path.stem)
#: Those that suit any network go round the recipes; the network of the demo takes them all.
ANY_NETWORK = [name for name in DOWNSAMPLER_FILES if not name.endswith('-exact')]
STEPS = [*((path, ANY_NETWORK[index % len(ANY_NETWORK)]) for index, path in enumerate(CONFIGS)),
         *((DEMO, name) for name in DOWNSAMPLER_FILES)]


class TinySegmentation(torch.utils.data.Dataset):

    def __init__(self, classes, size=(64, 64)):
        from mmseg.structures import SegDataSample
        self.metainfo = dict(classes=[str(k) for k in range(classes)])
        self.size = size
        self.sample = lambda: SegDataSample(gt_sem_seg=PixelData(data=torch.randint(0, classes, (1, *size))),
                                            metainfo=dict(img_shape=size, ori_shape=size))

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return dict(inputs=torch.randint(0, 256, (3, *self.size), dtype=torch.uint8), data_samples=self.sample())


class TinyClassification(TinySegmentation):

    def __init__(self, classes):
        from mmpretrain.structures import DataSample
        self.metainfo = dict(classes=[str(k) for k in range(classes)])
        self.size = (64, 64)
        self.sample = lambda: DataSample().set_gt_label(torch.randint(0, classes, (1, )))


def one_step(path, config, tmp_path):
    """The recipe with its data replaced by two tiny samples, one iteration, and nothing to download."""
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


@pytest.fixture
def read(monkeypatch):
    """Read a recipe with a downsampler."""

    def read(path, downsampler):
        monkeypatch.setenv('DOWNSAMPLER', downsampler)
        return Config.fromfile(path)

    return read


def operators(model):
    kinds = {type(module) for module in model.modules() if isinstance(module, (Downsampler, SpaceToDepthConv2d))}
    return {'SPDConv' if kind is SpaceToDepthConv2d else kind.__name__ for kind in kinds}


def assert_operators_learn_at_the_full_rate(runner, config):
    parts = [module for module in runner.model.modules() if isinstance(module, Downsampler)]
    ours = {id(parameter) for part in parts for parameter in part.parameters()} | {
        id(parameter) for name, parameter in runner.model.named_parameters() if name.endswith('free_weight')}
    for group in runner.optim_wrapper.optimizer.param_groups:
        full = group['lr'] == pytest.approx(10 * config.optim_wrapper.optimizer.lr)
        assert full == (id(group['params'][0]) in ours)


@pytest.mark.parametrize(('path', 'downsampler'), STEPS, ids=[f'{path.stem}-{name}' for path, name in STEPS])
def test_training_step(read, path, downsampler, tmp_path):
    config = read(path, downsampler)
    assert config.work_dir == f'./work_dirs/{path.stem}/{downsampler}'  # one recipe for all keeps their runs apart
    runner = one_step(path, config, tmp_path)
    before = {name: p.detach().clone() for name, p in runner.model.named_parameters()}
    runner.train()
    model = runner.model
    assert operators(model) == ({config.downsampler.type} if config.downsampler else set())
    assert all(torch.isfinite(p).all() for p in model.parameters())
    assert any(not torch.equal(p, before[name]) for name, p in model.named_parameters())
    if config.default_scope == 'mmseg' and not downsampler.endswith('-exact'):  # a photograph comes in any size
        sample = TinySegmentation(2, (70, 91))[0]
        model.eval()
        prediction, = model.test_step(dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']]))
        assert prediction.pred_sem_seg.data.shape == (1, 70, 91)
    if 'finetune' in path.stem:
        assert_operators_learn_at_the_full_rate(runner, config)
    if downsampler == 'tips':
        assert runner.message_hub.get_scalar('train/loss_tips_fm').current() > 0


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_opens_with_its_commands(path):
    text = path.read_text()
    assert text.startswith('#')
    gpus, recipe = re.search(r'_(\d)xb', path.name)[1], f'configs/{path.parent.name}/{path.name}'
    command = f'python tools/train.py {recipe}' if gpus == '1' else (
        f'torchrun --nproc_per_node={gpus} tools/train.py \\\n#     {recipe} --launcher pytorch')
    assert f'#   {command}\n#   DOWNSAMPLER=tips {command}\n' in text


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_checkpoints_do_not_fill_the_disk(path, read):
    config = read(path, 'stock')
    saved, length = config.default_hooks.checkpoint, config.train_cfg
    written = length.get('max_iters', length.get('max_epochs')) / saved.interval
    assert 1 <= saved.get('max_keep_ckpts', written) <= 10


def test_every_operator_has_a_file(read):
    assert {read(DEMO, name).downsampler.type for name in DOWNSAMPLER_FILES if name != 'stock'} == set(
        DOWNSAMPLERS.module_dict)
