# Copyright (c) mmtips authors. All rights reserved.
"""Networks made of depthwise convolutions."""

FAMILIES = [
    ('mmseg', dict(base='MobileNetV2'), '''
        stem_conv conv1.conv before layer1.0.conv.0.conv
        main layer{2,3,4,6}.0.conv.1.conv before layer{2,3,4,6}.0.conv.2.conv
    '''),
    ('mmpretrain', dict(base='MobileNetV2'), '''
        stem_conv conv1.conv before layer1.0.conv.0.conv
        main layer{2,3,4,6}.0.conv.1.conv before layer{2,3,4,6}.0.conv.2.conv
    '''),
    ('mmseg', dict(base='MobileNetV3', arch='small'), '''
        stem_conv layer0.conv after layer0
        main layer1.depthwise_conv.conv before layer1.se
        main layer2.depthwise_conv.conv before layer2.linear_conv.conv
    '''),
    ('mmseg', dict(base='MobileNetV3', arch='large'), '''
        stem_conv layer0.conv after layer0
        main layer2.depthwise_conv.conv before layer2.linear_conv.conv
        main layer4.depthwise_conv.conv before layer4.se
    '''),
    ('mmpretrain', dict(base='MobileNetV3', arch='small'), '''
        stem_conv layer0.conv before layer1.depthwise_conv.conv
        main layer{1,4,9}.depthwise_conv.conv before layer{1,4,9}.se
        main layer2.depthwise_conv.conv before layer2.linear_conv.conv
    '''),
    ('mmpretrain', dict(base='EfficientNet', arch='b0'), '''
        stem_conv layers.0.conv before layers.1.0.depthwise_conv.conv
        main layers.{2,3,4,5}.0.depthwise_conv.conv before layers.{2,3,4,5}.0.se
    '''),
    ('mmpretrain', dict(base='EfficientNet', arch='es'), '''
        stem_conv layers.0.conv before layers.1.0.conv1.conv
        main layers.{2,3}.0.conv1.conv before layers.{2,3}.0.conv2.conv
        main layers.{4,5}.0.depthwise_conv.conv before layers.{4,5}.0.linear_conv.conv
    '''),
    ('mmpretrain', dict(base='EfficientNetV2', arch='b0'), '''
        stem_conv layers.0.conv before layers.1.0.conv
        main layers.{2,3}.0.conv1.conv before layers.{2,3}.0.conv2.conv
        main layers.{4,6}.0.depthwise_conv.conv before layers.{4,6}.0.se
    '''),
    ('mmpretrain', dict(base='ShuffleNetV1'), '''
        stem_conv conv1.conv before maxpool
        stem_pool maxpool instead
        main layers.{0,1,2}.0.depthwise_conv3x3_bn.conv after layers.{0,1,2}.0.depthwise_conv3x3_bn
        main layers.{0,1,2}.0.avgpool instead
    '''),
    ('mmpretrain', dict(base='ShuffleNetV2'), '''
        stem_conv conv1.conv before maxpool
        stem_pool maxpool instead
        main layers.{0,1,2}.0.branch1.0.conv before layers.{0,1,2}.0.branch1.1.conv
        main layers.{0,1,2}.0.branch2.1.conv before layers.{0,1,2}.0.branch2.2.conv
    '''),
    ('mmpretrain', dict(base='MobileViT', arch='small'), '''
        stem_conv stem.conv before layers.0.0.conv.0.conv
        main layers.{1,2,3,4}.0.conv.1.conv before layers.{1,2,3,4}.0.conv.2.conv
    '''),
]
