# Copyright (c) mmtips authors. All rights reserved.
"""Handwritten digits of 32 x 32 pixels on disk, and networks of either host that are trained on them in seconds."""

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from sklearn.datasets import load_digits
from torch import nn

IMAGES = 60
NORMALISATION = dict(mean=[110., 120., 130.], std=[60., 61., 62.])


@MODELS.register_module()
class TIPSDigitsBackbone(nn.Module):
    """Three convolutions; the last map, or its values in a row for a classifier."""

    def __init__(self, flat):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
                                    nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(8))
        self.flat = flat

    def forward(self, x):
        x = self.layers(x)
        return (x.flatten(1) if self.flat else x, )


def write_digits(folder):
    """Images as ``img/<digit>/<n>.png``, and segmentations ``ann/<digit>/<n>.png`` of 0, 1 and 255 (ignored)."""
    digits = load_digits()
    for number, (image, label) in enumerate(zip(digits.images[:IMAGES], digits.target[:IMAGES], strict=True)):
        image = cv2.resize(np.uint8(image * 12 + 30), (32, 32), interpolation=cv2.INTER_LINEAR)
        truth = np.uint8(image > 120)
        truth[:2] = 255
        for kind, picture in (('img', np.stack([image, image, 255 - image], 2)), ('ann', truth)):
            path = folder / kind / str(label) / f'{number:03}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture)


def _data(kind, pipeline, batch_size, **options):
    # Not serialized: that collects garbage, for half a second each time.
    dataset = dict(type=kind, pipeline=[dict(type='LoadImageFromFile'), *pipeline], serialize_data=False, **options)
    return dict(test_dataloader=dict(batch_size=batch_size, num_workers=0, dataset=dataset,
                                     sampler=dict(type='DefaultSampler', shuffle=False)))


def make_config(host, folder, work_dir, batch_size=25):
    """The config of a test of either host, with a network of three convolutions."""
    settings = dict(default_scope=host, work_dir=str(work_dir), test_cfg=dict(type='TestLoop'),
                    default_hooks=dict(checkpoint=None), log_level='WARNING', custom_imports=dict(imports=['mmtips']))
    if host == 'mmpretrain':
        model = dict(type='ImageClassifier', backbone=dict(type='TIPSDigitsBackbone', flat=True),
                     head=dict(type='LinearClsHead', num_classes=10, in_channels=1024),
                     data_preprocessor=dict(type='ClsDataPreprocessor', to_rgb=True, **NORMALISATION))
        data = _data('CustomDataset', [dict(type='PackInputs')], batch_size, data_prefix=f'{folder}/img')
        evaluator = dict(type='Accuracy', topk=(1, ))
    else:
        # FCNHead reads one map of 16 channels; the image of 32 is padded to 40, which no attack may touch.
        head = dict(type='FCNHead', in_channels=16, in_index=0, channels=8, num_convs=1, num_classes=2,
                    norm_cfg=dict(type='BN'), align_corners=False)
        model = dict(type='EncoderDecoder', backbone=dict(type='TIPSDigitsBackbone', flat=False), decode_head=head,
                     test_cfg=dict(mode='whole'), data_preprocessor=dict(
                         type='SegDataPreProcessor', bgr_to_rgb=True, size=(40, 40), pad_val=9, seg_pad_val=255,
                         test_cfg=dict(size=(40, 40)), **NORMALISATION))
        data = _data('BaseSegDataset', [dict(type='LoadAnnotations'), dict(type='PackSegInputs')], batch_size,
                     data_prefix=dict(img_path=f'{folder}/img', seg_map_path=f'{folder}/ann'), img_suffix='.png',
                     metainfo=dict(classes=('background', 'stroke')))
        evaluator = dict(type='IoUMetric')
    return Config(dict(settings, model=model, test_evaluator=evaluator, **data))


def train(config, iterations=40):
    """Train the network of a config on its test data; return the checkpoint."""
    from mmengine.runner import Runner
    init_default_scope(config.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    batches = list(Runner.build_dataloader(config.test_dataloader))
    for iteration in range(iterations):
        data = model.data_preprocessor(batches[iteration % len(batches)], True)
        loss = sum(value for name, value in model(**data, mode='loss').items() if 'loss' in name)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    path = f'{config.work_dir}/weights.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return path
