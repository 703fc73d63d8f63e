_base_ = './resnet18-w16_1xb64-20e_scattered-digits-64x64.py'
model = dict(backbone=dict(type='TIPSResNet'))
custom_hooks = [dict(type='TIPSLossHook', by_epoch=True)]
