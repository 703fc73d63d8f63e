# Copyright (c) mmtips authors. All rights reserved.
"""A small classifier as the hosts' ones are called, and a runner around it that trains with views."""

import torch
from mmengine.model import BaseModel
from mmengine.registry import MODELS
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn
from torch.utils.data import Dataset

import mmtips  # noqa: F401 - registers the hook in processes that are spawned


@MODELS.register_module()
class TIPSToyClassifier(BaseModel):
    """No batch norm, so that gradients of half batches average to that of the batch."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.head = nn.Linear(4, 5)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        inputs = torch.stack(inputs) if isinstance(inputs, list) else inputs
        scores = self.head(self.backbone(inputs).relu().mean((-2, -1)))
        if mode == 'loss':
            labels = torch.tensor([sample.label for sample in data_samples])
            return dict(loss=nn.functional.cross_entropy(scores, labels))
        return scores


class Labelled(Dataset):
    metainfo = {}

    def __len__(self):
        return 32

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        return dict(inputs=torch.rand(3, 16, 16, generator=generator),
                    data_samples=BaseDataElement(label=index % 5, metainfo=dict(img_shape=(16, 16))))


def stacked(batch):
    """Images as one tensor, samples as a list."""
    return dict(inputs=torch.stack([of['inputs'] for of in batch]), data_samples=[of['data_samples'] for of in batch])


def make_runner(work_dir, iters, batch_size, hook, **options):
    """A CPU runner whose hook is ``hook``."""
    torch.manual_seed(0)
    return Runner(
        model=dict(type='TIPSToyClassifier'), work_dir=str(work_dir),
        train_dataloader=dict(batch_size=batch_size, num_workers=0, dataset=Labelled(), collate_fn=stacked,
                              sampler=dict(type='InfiniteSampler', shuffle=False)),
        train_cfg=dict(by_epoch=False, max_iters=iters),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9)),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1), checkpoint=None),
        custom_hooks=[dict(type='ShiftAgreementHook', max_shift=2, **hook)],
        randomness=dict(seed=0), experiment_name=f'views_{abs(hash(str(work_dir)))}', log_level='WARNING', **options)
