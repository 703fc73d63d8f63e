# ResNet-34 on Tiny ImageNet.
#
#   python tools/train.py configs/resnet/resnet34_1xb128-350e_tiny-imagenet.py
#   DOWNSAMPLER=tips python tools/train.py configs/resnet/resnet34_1xb128-350e_tiny-imagenet.py
#
# Hardware: one GPU. Time and score: not measured by us yet. Epochs, batch and steps are those of the published
# table of TIPS for this data set with another depth.
_base_ = [
    '../_base_/models/resnet34_cifar.py', '../_base_/datasets/tiny_imagenet.py', '../_base_/schedules/sgd_steps.py',
    '../_base_/runtimes/classification.py'
]
model = dict(head=dict(num_classes=200))
param_scheduler = dict(step_size=100)
train_cfg = dict(max_epochs=350)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
