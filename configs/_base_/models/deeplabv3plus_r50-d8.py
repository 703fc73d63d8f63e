# The host's DeepLabV3+ R50-D8, its backbone with the downsampling that DOWNSAMPLER names.
_base_ = ['mmseg::_base_/models/deeplabv3plus_r50-d8.py', '../downsampler/{{$DOWNSAMPLER:stock}}.py']
custom_imports = dict(imports=['mmtips'], allow_failed_imports=False)
model = dict(
    backbone=dict(
        type='TIPSBackbone',
        base='ResNetV1c',
        downsampler={{_base_.downsampler}},
        sites={{_base_.sites}}))
