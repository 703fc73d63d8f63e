# DeepLabV3+ R18 with APS on scattered digits, exactly equivariant: circular padding, every stride, an aligned decode.
#
#   python tools/train.py configs/deeplabv3plus/deeplabv3plus_r18-w8-aps-exact-d8_1xb16-2k_scattered-digits-128x128.py
#
# Hardware and time: about 4 minutes on 2 CPU cores. Score: mIoU 58.3 (results/demo/APS-exact.json, from `make demo`).
_base_ = './deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128.py'
aps = dict(type='APS', antialias=3)
model = dict(backbone=dict(type='TIPSResNetV1c', downsampler=aps, sites=dict(stem_conv=aps)))
custom_hooks = [dict(type='ExactEquivarianceHook')]
