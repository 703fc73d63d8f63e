# Copyright (c) mmtips authors. All rights reserved.
"""Networks of timm, which both hosts wrap."""


def timm(name):
    return dict(base='TIMMBackbone', model_name=name, features_only=True, pretrained=False)


RESNET18 = '''
    stem_conv timm_model.conv1 after timm_model.bn1
    stem_pool timm_model.maxpool instead
    main timm_model.layer{2,3,4}.0.conv1 before timm_model.layer{2,3,4}.0.conv2
    skip timm_model.layer{2,3,4}.0.downsample.0 before
'''

FAMILIES = [
    ('mmseg', timm('resnet18'), RESNET18),
    ('mmpretrain', timm('resnet18'), RESNET18),
    ('mmpretrain', timm('resnet18d'), '''
        stem_conv timm_model.conv1.0 before timm_model.conv1.3
        stem_pool timm_model.maxpool instead
        main timm_model.layer{2,3,4}.0.conv1 before timm_model.layer{2,3,4}.0.conv2
        skip timm_model.layer{2,3,4}.0.downsample.0 instead
    '''),
    ('mmpretrain', timm('mobilenetv3_small_050'), '''
        stem_conv timm_model.conv_stem after timm_model.bn1
        main timm_model.blocks.{0,2,4}.0.conv_dw before timm_model.blocks.{0,2,4}.0.se
        main timm_model.blocks.1.0.conv_dw before timm_model.blocks.1.0.conv_pwl
    '''),
    ('mmpretrain', timm('tf_efficientnet_b0'), '''
        stem_conv timm_model.conv_stem before timm_model.blocks.0.0.conv_dw
        main timm_model.blocks.{1,2,3,5}.0.conv_dw before timm_model.blocks.{1,2,3,5}.0.se
    '''),
    ('mmpretrain', timm('convnext_atto'), '''
        stem_conv timm_model.stem_0 before timm_model.stages_0.blocks.0
        main timm_model.stages_{1,2,3}.downsample.1 before timm_model.stages_{1,2,3}.blocks.0
    '''),
    ('mmpretrain', timm('regnety_002'), '''
        stem_conv timm_model.stem.conv after timm_model.stem
        main timm_model.s{1,2,3,4}.b1.conv2.conv before timm_model.s{1,2,3,4}.b1.se
        skip timm_model.s{1,2,3,4}.b1.downsample.conv before
    '''),
]
