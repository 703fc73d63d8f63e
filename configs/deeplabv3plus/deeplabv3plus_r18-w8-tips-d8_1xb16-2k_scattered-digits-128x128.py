# DeepLabV3+ R18 with TIPS on scattered digits: the operator and the losses as released.
#
#   python tools/train.py configs/deeplabv3plus/deeplabv3plus_r18-w8-tips-d8_1xb16-2k_scattered-digits-128x128.py
#
# Hardware and time: about 4 minutes on 2 CPU cores. Score: mIoU 42.6 (results/demo/TIPS.json, from `make demo`).
_base_ = './deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128.py'
model = dict(backbone=dict(type='TIPSResNetV1c'))
custom_hooks = [dict(type='TIPSLossHook')]
