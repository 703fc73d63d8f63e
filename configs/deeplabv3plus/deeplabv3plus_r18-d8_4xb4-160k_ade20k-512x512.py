# DeepLabV3+ R18-D8 on ADE20K.
#
#   torchrun --nproc_per_node=4 tools/train.py \
#     configs/deeplabv3plus/deeplabv3plus_r18-d8_4xb4-160k_ade20k-512x512.py --launcher pytorch
#   DOWNSAMPLER=tips torchrun --nproc_per_node=4 tools/train.py \
#     configs/deeplabv3plus/deeplabv3plus_r18-d8_4xb4-160k_ade20k-512x512.py --launcher pytorch
#
# Hardware: 4 GPUs with 4 images each, as the host's recipes. Time and score: not measured by us yet.
_base_ = [
    '../_base_/models/deeplabv3plus_r18-d8.py', 'mmseg::_base_/datasets/ade20k.py',
    'mmseg::_base_/default_runtime.py', 'mmseg::_base_/schedules/schedule_160k.py'
]
model = dict(
    data_preprocessor=dict(size=(512, 512)), decode_head=dict(num_classes=150), auxiliary_head=dict(num_classes=150))
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
