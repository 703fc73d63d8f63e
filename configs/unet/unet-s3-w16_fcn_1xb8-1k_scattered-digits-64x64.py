# U-Net of three stages, a quarter of the width, on scattered digits, whole images at half their size: a network of the evidence.
#
#   python tools/train.py configs/unet/unet-s3-w16_fcn_1xb8-1k_scattered-digits-64x64.py
#   DOWNSAMPLER=tips python tools/train.py configs/unet/unet-s3-w16_fcn_1xb8-1k_scattered-digits-64x64.py
#
# Hardware: one CPU core. Time and score: docs/evidence.md.
_base_ = [
    'mmseg::_base_/default_runtime.py', '../_base_/models/fcn_unet_s5-d16.py',
    '../_base_/datasets/scattered_digits_half.py', '../_base_/schedules/schedule_1k.py'
]
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    data_preprocessor=dict(size=(64, 64), test_cfg=dict(size_divisor=8)),
    # A stride in the first convolution, since narrow networks without it, and units that can die, predict nothing but
    # background for most of a short training.
    backbone=dict(
        base_channels=16,
        num_stages=3,
        strides=(2, 1, 1),
        enc_num_convs=(1, 2, 2),
        dec_num_convs=(1, 1),
        downsamples=(True, True),
        enc_dilations=(1, 1, 1),
        dec_dilations=(1, 1),
        norm_cfg=norm_cfg,
        act_cfg=dict(type='LeakyReLU', negative_slope=0.1)),
    decode_head=dict(
        in_channels=16,
        in_index=2,
        channels=16,
        num_convs=0,
        num_classes=11,
        norm_cfg=norm_cfg,
        # Five pixels in six are background.
        loss_decode=dict(class_weight=[0.1] + [1.0] * 10)),
    auxiliary_head=None)
train_dataloader = dict(batch_size=8)
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
