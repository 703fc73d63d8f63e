# DeepLabV3+ R18 with DDAC on scattered digits: low-pass filters predicted for every location.
#
#   python tools/train.py configs/deeplabv3plus/deeplabv3plus_r18-w8-ddac-d8_1xb16-2k_scattered-digits-128x128.py
#
# Hardware and time: about 4 minutes on 2 CPU cores. Score: mIoU 70.2 (results/demo/DDAC.json, from `make demo`).
_base_ = './deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128.py'
model = dict(backbone=dict(type='TIPSResNetV1c', downsampler=dict(type='DDAC')))
