# ResNet-18 with a quarter of the width and ten classes: small enough to train on a CPU in minutes.
_base_ = '../downsampler/{{$DOWNSAMPLER:stock}}.py'
custom_imports = dict(imports=['mmtips'], allow_failed_imports=False)
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='TIPSBackbone',
        base='ResNet',
        downsampler={{_base_.downsampler}},
        sites={{_base_.sites}},
        depth=18,
        stem_channels=16,
        base_channels=16,
        num_stages=4,
        out_indices=(3, )),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=128,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        topk=(1, )))
data_preprocessor = dict(
    num_classes=10, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
