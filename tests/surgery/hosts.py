# Copyright (c) mmtips authors. All rights reserved.
"""The table of converted host backbones: what is built, and where its stride sites are (strided -> carrier)."""

STEM = {'conv1': 'maxpool', 'maxpool': 'maxpool'}
DEEP_STEM = {'mmseg': {'stem.0': 'stem.3', 'maxpool': 'maxpool'},
             'mmpretrain': {'stem.0.conv': 'stem.1.conv', 'maxpool': 'maxpool'}}


def stages(strided, carrier, skip='downsample.0', layers=(2, 3, 4)):
    sites = {}
    for layer in layers:
        sites[f'layer{layer}.0.{strided}'] = f'layer{layer}.0.{carrier}'
        sites[f'layer{layer}.0.{skip}'] = f'layer{layer}.0.{skip}'
    return sites


D8 = dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))


def cases():
    for host in ('mmseg', 'mmpretrain'):
        deep = DEEP_STEM[host]
        yield host, dict(base='ResNet', depth=18), STEM | stages('conv1', 'conv2')
        yield host, dict(base='ResNet', depth=50), STEM | stages('conv2', 'conv3')
        yield host, dict(base='ResNet', depth=50, style='caffe'), STEM | stages('conv1', 'conv2')
        yield host, dict(base='ResNetV1c', depth=50, **D8), deep | stages('conv2', 'conv3', layers=(2, ))
        yield host, dict(base='ResNetV1d', depth=50), deep | stages('conv2', 'conv3')
        yield host, dict(base='ResNetV1d', depth=18, **D8), deep | stages('conv1', 'conv2', layers=(2, ))
    yield 'mmseg', dict(base='ResNetV1c', depth=50, contract_dilation=True, multi_grid=(1, 2, 4), **D8), \
        DEEP_STEM['mmseg'] | stages('conv2', 'conv3', layers=(2, ))
    yield 'mmpretrain', dict(base='ResNet_CIFAR', depth=18), stages('conv1', 'conv2')
    yield 'mmseg', dict(base='UNet', base_channels=4), {f'encoder.{i}.0': f'encoder.{i}.0' for i in (1, 2, 3, 4)}
    yield 'mmseg', dict(base='UNet', base_channels=4, strides=(1, 2, 2, 1, 1), downsamples=(True, True, True, True)), \
        {f'encoder.{i}.0.convs.0.conv': f'encoder.{i}.0.convs.1.conv' for i in (1, 2)} \
        | {f'encoder.{i}.0': f'encoder.{i}.0' for i in (3, 4)}


CASES = list(cases())
IDS = [f"{host}-{'-'.join(str(value) for value in cfg.values())}".replace(' ', '') for host, cfg, _ in CASES]
