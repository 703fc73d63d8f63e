# DeepLabV3+ R18 with our TIPS on scattered digits, exactly equivariant: circular padding, every stride, aligned decode.
#
#   python tools/train.py configs/deeplabv3plus/deeplabv3plus_r18-w8-tips-exact-d8_1xb16-2k_scattered-digits-128x128.py
#
# Hardware and time: about 4 minutes on 2 CPU cores. Score: mIoU 67.4 (results/demo/TIPS-exact.json, from `make demo`).
_base_ = './deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128.py'
tips = dict(type='TIPS', anchor='norm', taps=4)
model = dict(backbone=dict(type='TIPSResNetV1c', downsampler=tips, sites=dict(stem_conv=tips)))
custom_hooks = [dict(type='ExactEquivarianceHook')]
