# Copyright (c) mmtips authors. All rights reserved.
"""Predictors whose shift consistency is known, behind either host's interface, and a runner that tests them."""

import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel, ImgDataPreprocessor
from mmengine.registry import FUNCTIONS, METRICS, MODELS
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement, PixelData
from torch import nn
from torch.utils.data import Dataset


class StripedImages(Dataset):
    """Noise images; the ground truth is what the per-pixel predictor says."""

    metainfo = dict(classes=('background', 'bright', 'brighter'))

    def __init__(self, images=6, size=(24, 32), task='segmentation'):
        self.images, self.size, self.task = images, size, task

    def __len__(self):
        return self.images

    def __getitem__(self, index):
        image = torch.rand(3, *self.size, generator=torch.Generator().manual_seed(index))
        if self.task == 'segmentation':
            truth = PixelData(data=per_pixel(image[None]))
            sample = BaseDataElement(gt_sem_seg=truth, metainfo=dict(img_shape=self.size))
        else:
            sample = BaseDataElement(gt_label=torch.tensor([index % 3]))
        return dict(inputs=image, data_samples=sample)


def per_pixel(x):
    return (x.sum(1) * 0.999).floor().long().clamp(max=2)


@MODELS.register_module()
class TIPSToyPredictor(BaseModel):
    """Predicts a constant, from each pixel alone, or from the position in the view."""

    def __init__(self, kind, task='segmentation'):
        super().__init__(ImgDataPreprocessor())
        self.kind, self.task = kind, task
        self.unused = nn.Parameter(torch.zeros(1))
        self.pool = nn.MaxPool2d(2)  # of no consequence, but it divides the resolution

    def labels(self, x):
        n, _, h, w = x.shape
        if self.kind == 'constant':
            return torch.ones(n, h, w).long()
        if self.kind == 'pixel':
            return per_pixel(x)
        # The column modulo 3: two views agree where their columns differ by a multiple of 3.
        return (torch.arange(w) % 3).expand(n, h, w)

    def classes(self, x):
        # The column of the brightest pixel modulo 3, or always 1.
        return x.sum(1).flatten(1).argmax(1) % x.shape[-1] % 3 if self.kind == 'position' else torch.ones(len(x)).long()

    def forward(self, inputs, data_samples=None, mode='tensor'):
        self.pool(inputs)
        if mode != 'predict':
            return inputs.mean((-2, -1))
        if self.task == 'classification':
            return [BaseDataElement(pred_label=label[None]) for label in self.classes(inputs)]
        if self.kind == 'fails' and inputs.shape[-1] < 32:
            raise RuntimeError('too small')
        assert self.kind != 'asserts' or inputs.shape[-1] == 32, 'sizes do not match'
        if self.kind in ('scores', 'nan'):
            scores = inputs - inputs.roll(1, -1) + (torch.nan if self.kind == 'nan' else 0)
            return [BaseDataElement(seg_logits=PixelData(data=of), pred_sem_seg=PixelData(data=of.argmax(0)[None]))
                    for of in scores]
        return [BaseDataElement(pred_sem_seg=PixelData(data=label[None])) for label in self.labels(inputs)]


@METRICS.register_module()
class TIPSToyAccuracy(BaseMetric):
    """The host's metric beside ours: counts the samples that it was given."""

    def process(self, data_batch, data_samples):
        self.results.extend([1] * len(data_samples))

    def compute_metrics(self, results):
        return dict(mIoU=100. * len(results) / len(results), seen=len(results))


def collate(items):
    return dict(inputs=[item['inputs'] for item in items], data_samples=[item['data_samples'] for item in items])


if 'tips_toy_collate' not in FUNCTIONS:
    FUNCTIONS.register_module(name='tips_toy_collate', module=collate)


def make_runner(work_dir, kind, dataset=None, batch_size=2, task='segmentation', names=('standard', 'circular'),
                launcher='none', **loop):
    protocols = [dict(name=name, max_shift=3) for name in names]
    loop = dict(type='ShiftTestLoop', protocols=protocols, **loop)
    return Runner(
        model=dict(type='TIPSToyPredictor', kind=kind, task=task),
        work_dir=str(work_dir),
        test_dataloader=dict(batch_size=batch_size, num_workers=0, dataset=dataset or StripedImages(task=task),
                             sampler=dict(type='DefaultSampler', shuffle=False),
                             collate_fn=dict(type='tips_toy_collate')),
        test_cfg=loop,
        test_evaluator=dict(type='TIPSToyAccuracy'),
        default_hooks=dict(logger=None, checkpoint=None),
        experiment_name=f'toy_{abs(hash(str(work_dir)))}',
        launcher=launcher,
        cfg=dict(model_wrapper_cfg=dict(type='GlooDDP')),
        log_level='WARNING')
