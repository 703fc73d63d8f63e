# Copyright (c) mmtips authors. All rights reserved.
"""Networks whose stages follow one another, and what else divides the map by patches."""

REPLK = dict(large_kernel_sizes=[9, 9, 9, 9], layers=[1, 1, 1, 1], channels=[16, 32, 64, 128], small_kernel=5,
             dw_ratio=1)

FAMILIES = [
    ('mmpretrain', dict(base='VGG', depth=11), '''
        main features.{1,3,6,9,12} instead
    '''),
    ('mmpretrain', dict(base='VGG', depth=16, norm_cfg=dict(type='BN')), '''
        main features.{2,5,9,13,17} instead
    '''),
    ('mmpretrain', dict(base='AlexNet'), '''
        stem_conv features.0 before features.2
        stem_pool features.2 instead
        main features.{5,12} instead
    '''),
    ('mmpretrain', dict(base='LeNet5'), '''
        main features.{2,5} instead
    '''),
    ('mmpretrain', dict(base='DenseNet', arch=dict(growth_rate=8, depths=[2, 2, 2, 2], init_channels=16)), '''
        stem_conv stem.0 before stem.3
        stem_pool stem.3 instead
        main transitions.{0,1,2}.pool instead
    '''),
    ('mmpretrain', dict(base='InceptionV3'), '''
        stem_conv Conv2d_1a_3x3.conv before Conv2d_2a_3x3.conv
        stem_pool maxpool1 instead
        main maxpool2 instead
        main Mixed_6a.branch3x3.conv after Mixed_6a.branch3x3
        main Mixed_6a.branch3x3dbl_3.conv after Mixed_6a.branch3x3dbl_3
        main Mixed_{6,7}a.branch_pool instead
        main Mixed_7a.branch3x3_2.conv after Mixed_7a.branch3x3_2
        main Mixed_7a.branch7x7x3_4.conv after Mixed_7a.branch7x7x3_4
    '''),
    ('mmpretrain', dict(base='ConvNeXt', arch='atto', out_indices=(0, 1, 2, 3)), '''
        stem_conv downsample_layers.0.0 before stages.0.0
        main downsample_layers.{1,2,3}.1 before stages.{1,2,3}.0
    '''),
    ('mmpretrain', dict(base='ConvMixer', arch=dict(embed_dims=32, depth=2, patch_size=7, kernel_size=9)), '''
        stem_conv stem.0 before stages.0.0
    '''),
    ('mmpretrain', dict(base='RepLKNet', arch=REPLK), '''
        stem_conv stem.0.conv before stem.1.conv
        main stem.3.conv before stages.0.blocks.0
        main transitions.0.1.conv before stages.1.blocks.0
        main transitions.1.1.conv before stages.2.blocks.0
        main transitions.2.1.conv before stages.3.blocks.0
    '''),
    ('mmpretrain', dict(base='VAN', arch='tiny'), '''
        stem_conv patch_embed1.projection after
        main patch_embed{2,3,4}.projection after
    '''),
    ('mmpretrain', dict(base='HorNet', arch='tiny'), '''
        stem_conv downsample_layers.0.0 before downsample_layers.0.1
        main downsample_layers.{1,2,3}.1 before stages.{1,2,3}.0
    '''),
    ('mmpretrain', dict(base='EdgeNeXt', arch='xxsmall'), '''
        stem_conv downsample_layers.0.0 before stages.0.0
        main downsample_layers.{1,2,3}.1 before stages.{1,2,3}.0
    '''),
    ('mmpretrain', dict(base='PoolFormer', arch='s12'), '''
        stem_conv patch_embed.proj before network.0.0
        main network.1.proj before network.2.0
        main network.3.proj before network.4.0
        main network.5.proj before network.6.0
    '''),
    ('mmpretrain', dict(base='RIFormer', arch='s12'), '''
        stem_conv patch_embed.proj before network.0.0
        main network.1.proj before network.2.0
        main network.3.proj before network.4.0
        main network.5.proj before network.6.0
    '''),
    ('mmseg', dict(base='MSCAN', norm_cfg=dict(type='BN')), '''
        stem_conv patch_embed1.proj.0 before patch_embed1.proj.3
        main patch_embed1.proj.3 after patch_embed1.proj.4
        main patch_embed{2,3,4}.proj after
    '''),
]
