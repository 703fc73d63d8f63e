# DeepLabV3+ R18 with LPS on scattered digits: a learned phase, soft in training.
#
#   python tools/train.py configs/deeplabv3plus/deeplabv3plus_r18-w8-lps-d8_1xb16-2k_scattered-digits-128x128.py
#
# Hardware and time: about 4 minutes on 2 CPU cores. Score: mIoU 60.8 (results/demo/LPS.json, from `make demo`).
_base_ = './deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128.py'
model = dict(backbone=dict(type='TIPSResNetV1c', downsampler=dict(type='LPS')))
custom_hooks = [dict(type='LPSTemperatureHook')]
