_base_ = './deeplabv3plus_r18-w16-d8_1xb16-1500i_scattered-digits-128x128.py'
model = dict(backbone=dict(type='TIPSResNetV1c'))
custom_hooks = [dict(type='TIPSLossHook')]
