# DeepLabV3+ on ResNetV1c-18-D8 with an eighth of the width: small enough to train on a CPU in minutes.
_base_ = '../downsampler/{{$DOWNSAMPLER:stock}}.py'
custom_imports = dict(imports=['mmtips'], allow_failed_imports=False)
norm_cfg = dict(type='BN', requires_grad=True)
data_preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=(64, 64))
model = dict(
    type='EncoderDecoder',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='TIPSBackbone',
        base='ResNetV1c',
        downsampler={{_base_.downsampler}},
        sites={{_base_.sites}},
        depth=18,
        stem_channels=8,
        base_channels=8,
        # Stride 8 comes one stage later than in the host's -d8: strokes are 3 to 10 pixels wide.
        strides=(1, 1, 2, 1),
        dilations=(1, 1, 1, 2),
        out_indices=(0, 1, 2, 3),
        contract_dilation=True,
        # Branches that start at zero cost hundreds of the 2,000 iterations.
        zero_init_residual=False,
        norm_cfg=norm_cfg),
    decode_head=dict(
        type='DepthwiseSeparableASPPHead',
        in_channels=64,
        in_index=3,
        channels=32,
        # The map is 16 x 16 at 128 pixels: rates of 12 and more would read padding only.
        dilations=(1, 2, 4),
        c1_in_channels=8,
        c1_channels=8,
        dropout_ratio=0.1,
        num_classes=11,
        norm_cfg=norm_cfg,
        align_corners=False,
        # Five pixels in six are background.
        loss_decode=dict(
            type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0, class_weight=[0.3] + [1.0] * 10)),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
