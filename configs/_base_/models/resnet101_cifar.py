# The host's ResNet-101 for small images, with the downsampling that DOWNSAMPLER names.
_base_ = ['mmpretrain::_base_/models/resnet101_cifar.py', '../downsampler/{{$DOWNSAMPLER:stock}}.py']
custom_imports = dict(imports=['mmtips'], allow_failed_imports=False)
model = dict(
    backbone=dict(
        type='TIPSBackbone',
        base='ResNet_CIFAR',
        downsampler={{_base_.downsampler}},
        sites={{_base_.sites}}))
