# DeepLabV3+ R18 with max pooling on scattered digits: the control that TIPS was published against.
#
#   python tools/train.py configs/deeplabv3plus/deeplabv3plus_r18-w8-maxpool-d8_1xb16-2k_scattered-digits-128x128.py
#
# Hardware and time: about 4 minutes on 2 CPU cores. Score: mIoU 66.7 (results/demo/MaxPool.json, from `make demo`).
_base_ = './deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128.py'
model = dict(backbone=dict(type='TIPSResNetV1c', downsampler=dict(type='MaxPool')))
