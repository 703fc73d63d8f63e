# ResNet-34 on ImageNet, as the host trains it.
#
#   torchrun --nproc_per_node=8 tools/train.py \
#     configs/resnet/resnet34_8xb32_in1k.py --launcher pytorch
#   DOWNSAMPLER=tips torchrun --nproc_per_node=8 tools/train.py \
#     configs/resnet/resnet34_8xb32_in1k.py --launcher pytorch
#
# Hardware: 8 GPUs with 32 images each. Time and score: not measured by us yet. The host states 73.62 % for its own.
_base_ = [
    '../_base_/models/resnet34.py', 'mmpretrain::_base_/datasets/imagenet_bs32.py',
    'mmpretrain::_base_/schedules/imagenet_bs256.py', '../_base_/runtimes/classification.py'
]
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
