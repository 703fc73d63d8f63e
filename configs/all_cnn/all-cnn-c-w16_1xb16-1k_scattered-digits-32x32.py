# All-CNN-C at a sixth of the width, with normalisation, on the classification twin of scattered digits, at half its size: a network of the evidence.
#
#   python tools/train.py configs/all_cnn/all-cnn-c-w16_1xb16-1k_scattered-digits-32x32.py
#   DOWNSAMPLER=tips python tools/train.py configs/all_cnn/all-cnn-c-w16_1xb16-1k_scattered-digits-32x32.py
#
# Hardware: one CPU core. Time and score: docs/evidence.md. As narrow as this it underfits, and has no dropout; as published,
# without normalisation, it did not begin to learn behind BlurPool.
_base_ = [
    '../_base_/models/all-cnn.py', '../_base_/datasets/scattered_digits_cls_half.py', '../_base_/schedules/schedule_1k.py'
]
default_scope = 'mmpretrain'
model = dict(backbone=dict(width=16, dropout=(0.0, 0.0), norm_cfg=dict(type='BN')))
data_preprocessor = dict(
    num_classes=10, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_dataloader = dict(batch_size=16, sampler=dict(type='InfiniteSampler', shuffle=True))
log_processor = dict(by_epoch=False)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
