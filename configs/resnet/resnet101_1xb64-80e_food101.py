# ResNet-101 on Food-101.
#
#   python tools/train.py configs/resnet/resnet101_1xb64-80e_food101.py
#   DOWNSAMPLER=tips python tools/train.py configs/resnet/resnet101_1xb64-80e_food101.py
#
# Hardware: one GPU. Time and score: not measured by us yet. Epochs, batch and steps are those of the published
# table of TIPS for this data set with another depth.
_base_ = [
    '../_base_/models/resnet101.py', '../_base_/datasets/food101.py', '../_base_/schedules/sgd_steps.py',
    '../_base_/runtimes/classification.py'
]
model = dict(head=dict(num_classes=101))
param_scheduler = dict(step_size=25)
train_cfg = dict(max_epochs=80)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
