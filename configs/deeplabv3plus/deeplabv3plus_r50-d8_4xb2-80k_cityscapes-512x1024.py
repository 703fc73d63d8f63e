# DeepLabV3+ R50-D8 on Cityscapes.
#
#   torchrun --nproc_per_node=4 tools/train.py \
#     configs/deeplabv3plus/deeplabv3plus_r50-d8_4xb2-80k_cityscapes-512x1024.py --launcher pytorch
#   DOWNSAMPLER=tips torchrun --nproc_per_node=4 tools/train.py \
#     configs/deeplabv3plus/deeplabv3plus_r50-d8_4xb2-80k_cityscapes-512x1024.py --launcher pytorch
#
# Hardware: 4 GPUs with 2 images each, as the host's recipes. Time and score: not measured by us yet.
# The host states 80.09 mIoU for its own.
_base_ = [
    '../_base_/models/deeplabv3plus_r50-d8.py', 'mmseg::_base_/datasets/cityscapes.py',
    'mmseg::_base_/default_runtime.py', 'mmseg::_base_/schedules/schedule_80k.py'
]
model = dict(
    data_preprocessor=dict(size=(512, 1024)), decode_head=dict(num_classes=19), auxiliary_head=dict(num_classes=19))
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
