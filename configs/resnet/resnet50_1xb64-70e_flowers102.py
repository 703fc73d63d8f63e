# ResNet-50 on Oxford Flowers-102.
#
#   python tools/train.py configs/resnet/resnet50_1xb64-70e_flowers102.py
#   DOWNSAMPLER=tips python tools/train.py configs/resnet/resnet50_1xb64-70e_flowers102.py
#
# Hardware: one GPU. Time and score: not measured by us yet. Epochs, batch and steps are those of the published
# table of TIPS for this pair.
_base_ = [
    '../_base_/models/resnet50.py', '../_base_/datasets/flowers102.py', '../_base_/schedules/sgd_steps.py',
    '../_base_/runtimes/classification.py'
]
model = dict(head=dict(num_classes=102))
param_scheduler = dict(step_size=20)
train_cfg = dict(max_epochs=70)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
