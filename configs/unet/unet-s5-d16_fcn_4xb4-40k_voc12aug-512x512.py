# U-Net on PASCAL VOC 2012 with the augmented training set.
#
#   torchrun --nproc_per_node=4 tools/train.py \
#     configs/unet/unet-s5-d16_fcn_4xb4-40k_voc12aug-512x512.py --launcher pytorch
#   DOWNSAMPLER=tips torchrun --nproc_per_node=4 tools/train.py \
#     configs/unet/unet-s5-d16_fcn_4xb4-40k_voc12aug-512x512.py --launcher pytorch
#
# Hardware: 4 GPUs with 4 images each, as the host's recipes. Time and score: not measured by us yet.
_base_ = [
    '../_base_/models/fcn_unet_s5-d16.py', 'mmseg::_base_/datasets/pascal_voc12_aug.py',
    'mmseg::_base_/default_runtime.py', 'mmseg::_base_/schedules/schedule_40k.py'
]
model = dict(
    data_preprocessor=dict(size=(512, 512)), decode_head=dict(num_classes=21), auxiliary_head=dict(num_classes=21))
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
