# DeepLabV3+ R50-D8 on Cityscapes, from the checkpoint that the host publishes: a quarter of the training.
#
#   torchrun --nproc_per_node=4 tools/train.py \
#     configs/deeplabv3plus/deeplabv3plus_r50-d8_4xb2-finetune-20k_cityscapes-512x1024.py --launcher pytorch
#   DOWNSAMPLER=tips torchrun --nproc_per_node=4 tools/train.py \
#     configs/deeplabv3plus/deeplabv3plus_r50-d8_4xb2-finetune-20k_cityscapes-512x1024.py --launcher pytorch
#
# Its weights load into the converted network, and the operators start at random: at a tenth of the rate for what is
# trained, and the full one for them. Hardware: 4 GPUs with 2 images each. Time and score: not measured by us yet.
_base_ = './deeplabv3plus_r50-d8_4xb2-80k_cityscapes-512x1024.py'
load_from = 'https://download.openmmlab.com/mmsegmentation/v0.5/deeplabv3plus/deeplabv3plus_r50-d8_512x1024_80k_cityscapes/deeplabv3plus_r50-d8_512x1024_80k_cityscapes_20200606_114049-f9fb496d.pth'
full_rate = dict(lr_mult=10.0, decay_mult=0.0)
# Operators: at a carrier, in the place of the pool, and what SPDConv adds to a convolution.
optim_wrapper = dict(
    optimizer=dict(lr=0.001),
    paramwise_cfg=dict(custom_keys=dict(downsampler=full_rate, maxpool=full_rate, free_weight=full_rate)))
param_scheduler = [dict(type='PolyLR', eta_min=1e-5, power=0.9, begin=0, end=20000, by_epoch=False)]
train_cfg = dict(max_iters=20000, val_interval=2000)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
