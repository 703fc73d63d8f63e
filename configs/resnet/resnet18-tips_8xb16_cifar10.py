# ResNet-18 (CIFAR stem) with TIPS on CIFAR-10: the recipe of MMPretrain with the backbone exchanged and the TIPS losses.
#
#   python tools/train.py configs/resnet/resnet18-tips_8xb16_cifar10.py
#
# Time and score: not measured by us yet. The host states 94.82 % top-1 for its own ResNet-18 with this recipe.
_base_ = 'mmpretrain::resnet/resnet18_8xb16_cifar10.py'
custom_imports = dict(imports=['mmtips'], allow_failed_imports=False)
model = dict(backbone=dict(type='TIPSBackbone', base='ResNet_CIFAR'))
custom_hooks = [dict(type='TIPSLossHook', by_epoch=True)]
