# DeepLabV3+ R18 at an eighth of the width on scattered digits, whole images at half their size: a network of the evidence.
#
#   python tools/train.py configs/deeplabv3plus/deeplabv3plus_r18-w8-d8_1xb8-1k_scattered-digits-64x64.py
#   DOWNSAMPLER=tips python tools/train.py configs/deeplabv3plus/deeplabv3plus_r18-w8-d8_1xb8-1k_scattered-digits-64x64.py
#
# Hardware: one CPU core. Time and score: docs/evidence.md.
_base_ = [
    'mmseg::_base_/default_runtime.py', '../_base_/models/deeplabv3plus_r18-w8-d8.py',
    '../_base_/datasets/scattered_digits_half.py', '../_base_/schedules/schedule_1k.py'
]
# One convolution for the stem instead of three, and stride 8 from the second stage on: half the time.
# And a decoder twice as wide, which halves the iterations until it has learned.
model = dict(
    backbone=dict(base='ResNet', strides=(1, 2, 1, 1), dilations=(1, 1, 1, 2)),
    decode_head=dict(channels=64))
# Twice the steps for the work of batches of 16, and a higher score.
train_dataloader = dict(batch_size=8)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
