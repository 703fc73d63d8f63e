# ResNet-18 at an eighth of the width on the classification twin of scattered digits: a network of the evidence.
#
#   python tools/train.py configs/resnet/resnet18-w8_1xb32-1k_scattered-digits-64x64.py
#   DOWNSAMPLER=tips python tools/train.py configs/resnet/resnet18-w8_1xb32-1k_scattered-digits-64x64.py
#
# Hardware: one CPU core. Time and score: docs/evidence.md.
_base_ = [
    '../_base_/models/resnet18-w16.py', '../_base_/datasets/scattered_digits_cls.py',
    '../_base_/schedules/schedule_1k.py'
]
default_scope = 'mmpretrain'
model = dict(
    backbone=dict(stem_channels=8, base_channels=8),
    head=dict(in_channels=64))
train_dataloader = dict(batch_size=32, sampler=dict(type='InfiniteSampler', shuffle=True))
log_processor = dict(by_epoch=False)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
