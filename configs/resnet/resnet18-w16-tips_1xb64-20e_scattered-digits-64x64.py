# ResNet-18 at a quarter of the width with TIPS on the classification twin: operator and losses as released.
#
#   python tools/train.py configs/resnet/resnet18-w16-tips_1xb64-20e_scattered-digits-64x64.py
#
# Hardware and time: 6 minutes on one CPU core. Score: top-1 91.4 on the test split (results/classification/TIPS.json).
_base_ = './resnet18-w16_1xb64-20e_scattered-digits-64x64.py'
model = dict(backbone=dict(type='TIPSResNet'))
custom_hooks = [dict(type='TIPSLossHook', by_epoch=True)]
