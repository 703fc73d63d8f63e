# DeepLabV3+ R18 at an eighth of the width on scattered digits: the network of the demo.
#
#   python tools/train.py configs/deeplabv3plus/deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128.py
#   DOWNSAMPLER=tips python tools/train.py configs/deeplabv3plus/deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128.py
#
# Hardware and time: about 4 minutes on 2 CPU cores. Score: mIoU 64.8 (results/demo/stock.json, from `make demo`); the
# scores with each downsampler are in docs/operators/README.md.
_base_ = [
    'mmseg::_base_/default_runtime.py', '../_base_/models/deeplabv3plus_r18-w8-d8.py',
    '../_base_/datasets/scattered_digits.py', '../_base_/schedules/schedule_2k.py'
]
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
