# ResNet-34 on CIFAR-10.
#
#   python tools/train.py configs/resnet/resnet34_1xb256-20e_cifar10.py
#   DOWNSAMPLER=tips python tools/train.py configs/resnet/resnet34_1xb256-20e_cifar10.py
#
# Hardware: one GPU. Time and score: not measured by us yet. Epochs, batch and steps are those of the published
# table of TIPS for this data set with another depth.
_base_ = [
    '../_base_/models/resnet34_cifar.py', 'mmpretrain::_base_/datasets/cifar10_bs16.py', '../_base_/schedules/sgd_steps.py',
    '../_base_/runtimes/classification.py'
]
train_dataloader = dict(batch_size=256)
param_scheduler = dict(step_size=6)
train_cfg = dict(max_epochs=20)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
