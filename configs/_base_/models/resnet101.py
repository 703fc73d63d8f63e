# The host's ResNet-101, with the downsampling that DOWNSAMPLER names.
_base_ = ['mmpretrain::_base_/models/resnet101.py', '../downsampler/{{$DOWNSAMPLER:stock}}.py']
custom_imports = dict(imports=['mmtips'], allow_failed_imports=False)
model = dict(
    backbone=dict(
        type='TIPSBackbone',
        base='ResNet',
        downsampler={{_base_.downsampler}},
        sites={{_base_.sites}}))
