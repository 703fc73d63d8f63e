# Copyright (c) mmtips authors. All rights reserved.
"""ResNet and its kin."""

D8 = dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))
BOTTLENECK = '''
    main layer{2,3,4}.0.conv2 before layer{2,3,4}.0.conv3
    skip layer{2,3,4}.0.downsample.0 before
'''
BASIC = '''
    main layer{2,3,4}.0.conv1 before layer{2,3,4}.0.conv2
    skip layer{2,3,4}.0.downsample.0 before
'''
STEM = '''
    stem_conv conv1 before maxpool
    stem_pool maxpool instead
'''
DEEP_STEM = {
    'mmseg': '''
        stem_conv stem.0 before stem.3
        stem_pool maxpool instead
    ''',
    'mmpretrain': '''
        stem_conv stem.0.conv before stem.1.conv
        stem_pool maxpool instead
    ''',
}
RES2NET = '''
    main layer2.0.convs.{0,1,2} after layer2.0.bns.{0,1,2}
    main layer3.0.convs.{0,1,2} after layer3.0.bns.{0,1,2}
    main layer4.0.convs.{0,1,2} after layer4.0.bns.{0,1,2}
    main layer{2,3,4}.0.pool instead
    skip layer{2,3,4}.0.downsample.0 instead
'''
RESNEST = '''
    main layer{2,3,4}.0.avd_layer instead
    skip layer{2,3,4}.0.downsample.0 instead
'''


def both():
    """What both hosts have."""
    for host in ('mmseg', 'mmpretrain'):
        yield host, dict(base='ResNet', depth=18), STEM + BASIC
        yield host, dict(base='ResNet', depth=50), STEM + BOTTLENECK
        yield host, dict(base='ResNet', depth=50, style='caffe'), STEM + BASIC
        yield host, dict(base='ResNetV1c', depth=50, **D8), DEEP_STEM[host] + BOTTLENECK.replace('{2,3,4}', '2')
        yield host, dict(base='ResNetV1d', depth=50), DEEP_STEM[host] + BOTTLENECK.replace('downsample.0 before',
                                                                                          'downsample.0 instead')
        yield host, dict(base='ResNetV1d', depth=18, **D8), DEEP_STEM[host] + BASIC.replace('{2,3,4}', '2').replace(
            'downsample.0 before', 'downsample.0 instead')
        yield host, dict(base='ResNeXt', depth=50), STEM + BOTTLENECK
        yield host, dict(base='ResNeSt', depth=50), DEEP_STEM[host] + RESNEST


FAMILIES = [
    *both(),
    ('mmseg', dict(base='ResNetV1c', depth=50, contract_dilation=True, multi_grid=(1, 2, 4), **D8),
     DEEP_STEM['mmseg'] + BOTTLENECK.replace('{2,3,4}', '2')),
    ('mmpretrain', dict(base='SEResNet', depth=50), STEM + BOTTLENECK),
    ('mmpretrain', dict(base='SEResNeXt', depth=50), STEM + BOTTLENECK),
    ('mmpretrain', dict(base='Res2Net', depth=50), DEEP_STEM['mmpretrain'] + RES2NET),
    ('mmpretrain', dict(base='Res2Net', depth=50, deep_stem=False, avg_down=False),
     STEM + RES2NET.replace('downsample.0 instead', 'downsample.0 before')),
    ('mmpretrain', dict(base='ResNet_CIFAR', depth=18), BASIC),
    ('mmpretrain', dict(base='RegNet', arch='regnetx_400mf'),
     'stem_conv conv1 before layer1.0' + BOTTLENECK.replace('{2,3,4}', '{1,2,3,4}')),
    ('mmpretrain', dict(base='RepVGG', arch='A0'), '''
        stem_conv stem.branch_3x3.conv after stem.branch_3x3.norm
        stem_conv stem.branch_1x1.conv before
        main stage_{1,2,3,4}.0.branch_3x3.conv after stage_{1,2,3,4}.0.branch_3x3.norm
        main stage_{1,2,3,4}.0.branch_1x1.conv before
    '''),
    ('mmpretrain', dict(base='MobileOne', arch='s0'), '''
        stem_conv stage0.branch_scale.conv before
        stem_conv stage0.branch_conv_list.0.conv after stage0.branch_conv_list.0.norm
        main stage{1,2,3,4}.0.branch_scale.conv before
        main stage1.0.branch_conv_list.{0,1,2,3}.conv after stage1.0.branch_conv_list.{0,1,2,3}.norm
        main stage2.0.branch_conv_list.{0,1,2,3}.conv after stage2.0.branch_conv_list.{0,1,2,3}.norm
        main stage3.0.branch_conv_list.{0,1,2,3}.conv after stage3.0.branch_conv_list.{0,1,2,3}.norm
        main stage4.0.branch_conv_list.{0,1,2,3}.conv after stage4.0.branch_conv_list.{0,1,2,3}.norm
    '''),
    ('mmpretrain', dict(base='CSPDarkNet', depth=53), '''
        main stages.{0,1,2,3,4}.downsample_conv.conv before stages.{0,1,2,3,4}.expand_conv.conv
    '''),
    ('mmpretrain', dict(base='CSPResNet', depth=50), '''
        stem_conv stem.0.conv before stem.1
        stem_pool stem.1 instead
        main stages.{1,2,3}.downsample_conv.conv before stages.{1,2,3}.expand_conv.conv
    '''),
]
