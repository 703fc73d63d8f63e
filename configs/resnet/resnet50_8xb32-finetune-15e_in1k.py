# ResNet-50 on ImageNet, from the checkpoint that the host publishes: 15 epochs in place of 100.
#
#   torchrun --nproc_per_node=8 tools/train.py \
#     configs/resnet/resnet50_8xb32-finetune-15e_in1k.py --launcher pytorch
#   DOWNSAMPLER=tips torchrun --nproc_per_node=8 tools/train.py \
#     configs/resnet/resnet50_8xb32-finetune-15e_in1k.py --launcher pytorch
#
# Its weights load into the converted network, and the operators start at random: at a tenth of the rate for what is
# trained, and the full one for them. Hardware: 8 GPUs with 32 images each. Time and score: not measured by us yet.
_base_ = './resnet50_8xb32_in1k.py'
load_from = 'https://download.openmmlab.com/mmclassification/v0/resnet/resnet50_8xb32_in1k_20210831-ea4938fc.pth'
full_rate = dict(lr_mult=10.0, decay_mult=0.0)
# Operators: at a carrier, in the place of the pool, and what SPDConv adds to a convolution.
optim_wrapper = dict(
    optimizer=dict(lr=0.01),
    paramwise_cfg=dict(custom_keys=dict(downsampler=full_rate, maxpool=full_rate, free_weight=full_rate)))
param_scheduler = dict(type='CosineAnnealingLR', _delete_=True, eta_min=1e-5, by_epoch=True, begin=0, end=15)
train_cfg = dict(max_epochs=15)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
