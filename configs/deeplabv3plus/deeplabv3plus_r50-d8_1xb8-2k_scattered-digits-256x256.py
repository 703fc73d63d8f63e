# DeepLabV3+ R50-D8 on scattered digits, whole images at twice their size: a network of the evidence on a GPU.
#
#   python tools/train.py configs/deeplabv3plus/deeplabv3plus_r50-d8_1xb8-2k_scattered-digits-256x256.py
#   DOWNSAMPLER=tips python tools/train.py configs/deeplabv3plus/deeplabv3plus_r50-d8_1xb8-2k_scattered-digits-256x256.py
#
# Hardware: one GPU. Time and score: not measured by us yet.
_base_ = [
    'mmseg::_base_/default_runtime.py', '../_base_/models/deeplabv3plus_r50-d8.py',
    '../_base_/datasets/scattered_digits_double.py', '../_base_/schedules/schedule_2k.py'
]
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    # From scratch, as all networks of the evidence: weights that were trained with one operator favour it.
    pretrained=None,
    data_preprocessor=dict(size=(256, 256)),
    backbone=dict(norm_cfg=norm_cfg, zero_init_residual=False),
    decode_head=dict(
        num_classes=11,
        norm_cfg=norm_cfg,
        # Five pixels in six are background.
        loss_decode=dict(class_weight=[0.3] + [1.0] * 10)),
    auxiliary_head=dict(
        num_classes=11,
        norm_cfg=norm_cfg,
        loss_decode=dict(class_weight=[0.3] + [1.0] * 10)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_dataloader = dict(batch_size=8)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
