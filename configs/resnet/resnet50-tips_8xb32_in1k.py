# ResNet-50 with TIPS on ImageNet: the recipe of MMPretrain's ResNet-50 with the backbone exchanged and the TIPS losses.
#
#   python tools/train.py configs/resnet/resnet50-tips_8xb32_in1k.py     (8 GPUs, as the host's: --launcher pytorch)
#
# Time and score: not measured by us yet. The host states 76.55 % top-1 for its own ResNet-50 with this recipe.
_base_ = 'mmpretrain::resnet/resnet50_8xb32_in1k.py'
custom_imports = dict(imports=['mmtips'], allow_failed_imports=False)
model = dict(backbone=dict(type='TIPSResNet'))
custom_hooks = [dict(type='TIPSLossHook', by_epoch=True)]
