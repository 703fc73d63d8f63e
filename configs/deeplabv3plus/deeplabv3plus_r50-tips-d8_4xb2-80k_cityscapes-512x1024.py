# DeepLabV3+ R50-D8 with TIPS on Cityscapes: the recipe of MMSegmentation with the backbone exchanged and the TIPS losses.
#
#   python tools/train.py configs/deeplabv3plus/deeplabv3plus_r50-tips-d8_4xb2-80k_cityscapes-512x1024.py
#
# Hardware: 4 GPUs, as the host's. Time and score: not measured by us yet. The host states 80.09 mIoU for its own.
# The ImageNet weights of the stock network load into it; the operators' own parameters start at random.
_base_ = 'mmseg::deeplabv3plus/deeplabv3plus_r50-d8_4xb2-80k_cityscapes-512x1024.py'
custom_imports = dict(imports=['mmtips'], allow_failed_imports=False)
model = dict(backbone=dict(type='TIPSResNetV1c'))
custom_hooks = [dict(type='TIPSLossHook')]
