# Copyright (c) mmtips authors. All rights reserved.
"""A small model with two TIPS operators, and a runner around it, for the hook's tests."""

import torch
from mmengine.model import BaseModel, ExponentialMovingAverage
from mmengine.registry import MODELS
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from mmtips.downsampling import TIPS


@MODELS.register_module()
class TIPSToyModel(BaseModel):
    """Two TIPS layers without batch norm, so that gradients of half batches average to that of the batch."""

    def __init__(self, with_tips=True, checkpoint=None, calls=1, channels=4, momentum=False):
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, padding=1)
        self.down1 = TIPS(channels) if with_tips else nn.AvgPool2d(2)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.down2 = TIPS(channels) if with_tips else nn.AvgPool2d(2)
        self.head = nn.Linear(channels, 1)
        self.checkpoint = checkpoint
        self.calls = calls
        # An averaged twin, which runs beside the model, as in the methods that learn without labels.
        self.twin = ExponentialMovingAverage(self.down1) if momentum else None

    def extract(self, x):
        x = self.first(x).relu()
        if self.twin is not None:
            with torch.no_grad():
                self.twin(x)
        if self.checkpoint is None:
            x = self.down1(x)
        else:
            x = torch.utils.checkpoint.checkpoint(self.down1, x, use_reentrant=self.checkpoint)
        return self.head(self.down2(self.second(x).relu()).mean((-2, -1)))

    def forward(self, inputs, target=None, mode='tensor'):
        out = sum(self.extract(inputs) for _ in range(self.calls)) / self.calls
        if mode == 'loss':
            return dict(loss=(out.squeeze(1) - target).square().mean(), acc=out.detach().mean())
        return [out] if mode == 'predict' else out


class Toy(Dataset):
    metainfo = {}

    def __len__(self):
        return 32

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        return dict(inputs=torch.rand(3, 16, 16, generator=generator), target=torch.rand((), generator=generator))


def make_runner(work_dir, hook=None, model=None, iters=10, batch_size=4, by_epoch=False, **options):
    """A CPU runner; ``hook`` is the config of the loss hook, ``model`` options of the toy model."""
    torch.manual_seed(0)
    train_cfg = dict(by_epoch=True, max_epochs=iters) if by_epoch else dict(by_epoch=False, max_iters=iters)
    settings = dict(
        model=dict(dict(type='TIPSToyModel'), **(model or {})),
        work_dir=str(work_dir),
        train_dataloader=dict(batch_size=batch_size, num_workers=0, dataset=Toy(),
                              collate_fn=dict(type='default_collate'),
                              sampler=dict(type='DefaultSampler' if by_epoch else 'InfiniteSampler', shuffle=False)),
        train_cfg=train_cfg,
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9)),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1),
                           checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=by_epoch, max_keep_ckpts=100)),
        custom_hooks=[] if hook is None else [dict(type='TIPSLossHook', **hook)],
        randomness=dict(seed=0),
        experiment_name=f'toy_{abs(hash(str(work_dir)))}',
        log_level='WARNING')
    return Runner(**(settings | options))


def scalars(runner, name):
    """What was logged under a name, in order."""
    return list(runner.message_hub.get_scalar(f'train/{name}').data[0])
