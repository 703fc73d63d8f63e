# ResNet-34 on CIFAR-100.
#
#   python tools/train.py configs/resnet/resnet34_1xb256-30e_cifar100.py
#   DOWNSAMPLER=tips python tools/train.py configs/resnet/resnet34_1xb256-30e_cifar100.py
#
# Hardware: one GPU. Time and score: not measured by us yet. Epochs, batch and steps are those of the published
# table of TIPS for this pair.
_base_ = [
    '../_base_/models/resnet34_cifar.py', 'mmpretrain::_base_/datasets/cifar100_bs16.py', '../_base_/schedules/sgd_steps.py',
    '../_base_/runtimes/classification.py'
]
model = dict(head=dict(num_classes=100))
train_dataloader = dict(batch_size=256)
param_scheduler = dict(step_size=10)
train_cfg = dict(max_epochs=30)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
