# ResNet-50 on the classification twin of scattered digits, at four times its size: a network of the evidence on a GPU.
#
#   python tools/train.py configs/resnet/resnet50_1xb64-2k_scattered-digits-256x256.py
#   DOWNSAMPLER=tips python tools/train.py configs/resnet/resnet50_1xb64-2k_scattered-digits-256x256.py
#
# Hardware: one GPU. Time and score: not measured by us yet.
_base_ = [
    '../_base_/models/resnet50.py', '../_base_/datasets/scattered_digits_cls_large.py',
    '../_base_/schedules/schedule_2k.py'
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=10, topk=(1, )))
data_preprocessor = dict(
    num_classes=10, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_dataloader = dict(batch_size=64, sampler=dict(type='InfiniteSampler', shuffle=True))
log_processor = dict(by_epoch=False)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
