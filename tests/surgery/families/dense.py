# Copyright (c) mmtips authors. All rights reserved.
"""Backbones for dense prediction."""

from itertools import product

STDC = dict(stdc_type='STDCNet1', in_channels=3, channels=(32, 64, 256, 512, 1024), num_convs=4,
            norm_cfg=dict(type='BN'), act_cfg=dict(type='ReLU'), with_final_conv=False)
INNER = dict(type='ResNetV1c', depth=50, dilations=(1, 1, 2, 4), strides=(1, 2, 1, 1), out_indices=(0, 1, 2, 3))
NARROW = dict(
    stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(2, ), num_channels=(32, )),
    stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(2, 2), num_channels=(8, 16)),
    stage3=dict(num_modules=2, num_branches=3, block='BASIC', num_blocks=(2, 2, 2), num_channels=(8, 16, 32)),
    stage4=dict(num_modules=2, num_branches=4, block='BASIC', num_blocks=(2, 2, 2, 2), num_channels=(8, 16, 32, 64)))


def hrnet(*modules):
    """The stem, the first map of each new branch, and from every branch i of every module to every deeper branch j."""
    yield 'stem_conv conv1 before conv2'
    yield 'main conv2 before layer1.0'
    for branch in (1, 2, 3):
        yield f'main transition{branch}.{branch}.0.0 before stage{branch + 1}.0.branches.{branch}.0'
    for stage, count in zip((2, 3, 4), (1, *modules), strict=True):
        for module, j in product(range(count), range(1, stage)):
            fuse = f'stage{stage}.{module}.fuse_layers.{j}'
            for i in range(j):
                yield from (f'main {fuse}.{i}.{k}.0 before {fuse}.{i}.{k + 1}.0' for k in range(j - i - 1))
                yield f'main {fuse}.{i}.{j - i - 1}.0 after {fuse}.{i}.{j - i - 1}.1'


FAMILIES = [
    ('mmseg', dict(base='UNet', base_channels=4), '''
        main encoder.{1,2,3,4}.0 instead
    '''),
    ('mmseg', dict(base='UNet', base_channels=4, strides=(1, 2, 2, 1, 1), downsamples=(True, True, True, True)), '''
        main encoder.{1,2}.0.convs.0.conv before encoder.{1,2}.0.convs.1.conv
        main encoder.{3,4}.0 instead
    '''),
    ('mmseg', dict(base='HRNet', extra=NARROW), '\n'.join(hrnet(2, 2))),
    ('mmpretrain', dict(base='HRNet', extra=NARROW), '\n'.join(hrnet(2, 2))),
    ('mmseg', dict(base='STDCNet', bottleneck_type='cat', **STDC), '''
        stem_conv stages.0.conv before stages.1.conv
        main stages.1.conv before stages.2.0.layers.0.conv
        main stages.{2,3,4}.0.downsample.conv before stages.{2,3,4}.0.layers.1.conv
        main stages.{2,3,4}.0.skip instead
    '''),
    ('mmseg', dict(base='STDCNet', bottleneck_type='add', **STDC), '''
        stem_conv stages.0.conv before stages.1.conv
        main stages.1.conv before stages.2.0
        main stages.{2,3,4}.0.layers.0.1.conv after stages.{2,3,4}.0.layers.0.1
        skip stages.{2,3,4}.0.skip.0.conv before stages.{2,3,4}.0.skip.1.conv
    '''),
    ('mmseg', dict(base='BiSeNetV1', backbone_cfg=dict(type='ResNet', depth=18)), '''
        stem_conv context_path.backbone.conv1 before context_path.backbone.maxpool
        stem_pool context_path.backbone.maxpool instead
        main context_path.backbone.layer{2,3,4}.0.conv1 before context_path.backbone.layer{2,3,4}.0.conv2
        skip context_path.backbone.layer{2,3,4}.0.downsample.0 before
        stem_conv spatial_path.layer1.conv before spatial_path.layer2.conv
        main spatial_path.layer2.conv before spatial_path.layer3.conv
        main spatial_path.layer3.conv before spatial_path.layer4.conv
    '''),
    ('mmseg', dict(base='BiSeNetV2'), '''
        stem_conv detail.detail_branch.0.0.conv before detail.detail_branch.0.1.conv
        main detail.detail_branch.{1,2}.0.conv before detail.detail_branch.{1,2}.1.conv
        stem_conv semantic.stage1.conv_first.conv after semantic.stage1.conv_first
        main semantic.stage1.convs.1.conv after semantic.stage1.convs.1
        main semantic.stage1.pool instead
        main semantic.stage{2,3,4}.0.dwconv.0.conv before semantic.stage{2,3,4}.0.dwconv.1.conv
        skip semantic.stage{2,3,4}.0.shortcut.0.depthwise_conv.conv before semantic.stage{2,3,4}.0.shortcut.0.pointwise_conv.conv
        main bga.detail_down.0.conv before bga.detail_down.1
        main bga.detail_down.1 instead
    '''),  # noqa: E501
    ('mmseg', dict(base='FastSCNN'), '''
        stem_conv learning_to_downsample.conv.conv before learning_to_downsample.dsconv1.depthwise_conv.conv
        main learning_to_downsample.dsconv{1,2}.depthwise_conv.conv before learning_to_downsample.dsconv{1,2}.pointwise_conv.conv
        main global_feature_extractor.bottleneck{1,2}.0.conv.1.conv before global_feature_extractor.bottleneck{1,2}.0.conv.2.conv
    '''),  # noqa: E501
    ('mmseg', dict(base='CGNet'), '''
        main inject_{2,4}x.pool.0 instead
        main inject_4x.pool.1 instead
        stem_conv stem.0.conv before stem.1.conv
        main level{1,2}.0.conv1x1.conv after level{1,2}.0.conv1x1
    '''),
    ('mmseg', dict(base='ICNet', backbone_cfg=INNER), '''
        stem_conv conv_sub1.0.conv before conv_sub1.1.conv
        main conv_sub1.1.conv before conv_sub1.2.conv
        main conv_sub1.2.conv after conv_sub1.2
        stem_conv backbone.stem.0 before backbone.stem.3
        stem_pool backbone.maxpool instead
        main backbone.layer2.0.conv2 before backbone.layer2.0.conv3
        skip backbone.layer2.0.downsample.0 before
    '''),
    ('mmseg', dict(base='ERFNet'), '''
        stem_conv encoder.0.conv after
        main encoder.{0,1,7}.pool instead
        main encoder.{1,7}.conv after
    '''),
    ('mmseg', dict(base='DDRNet'), '''
        stem_conv stem.0.conv before stem.1.conv
        main stem.1.conv before stem.2.0
        main stem.4.0.conv1.conv before stem.4.0.conv2.conv
        skip stem.4.0.downsample.0 before
        main context_branch_layers.{0,1}.0.conv1.conv before context_branch_layers.{0,1}.0.conv2.conv
        skip context_branch_layers.{0,1,2}.0.downsample.0 before
        main down_1.conv after down_1
        main down_2.0.conv before down_2.1.conv
        main down_2.1.conv after down_2.1
        main context_branch_layers.2.0.conv2.conv before context_branch_layers.2.0.conv3.conv
        context_pool spp.scales.{1,2,3}.0 instead
    '''),
    ('mmseg', dict(base='PIDNet'), '''
        stem_conv stem.0.conv before stem.1.conv
        main stem.1.conv before stem.2.0
        main stem.4.0.conv1.conv before stem.4.0.conv2.conv
        skip stem.4.0.downsample.conv before
        main i_branch_layers.{0,1}.0.conv1.conv before i_branch_layers.{0,1}.0.conv2.conv
        skip i_branch_layers.{0,1,2}.0.downsample.conv before
        main i_branch_layers.2.0.conv2.conv before i_branch_layers.2.0.conv3.conv
        context_pool spp.scales.{1,2,3}.0 instead
    '''),
]
