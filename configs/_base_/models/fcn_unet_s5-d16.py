# The host's U-Net, its encoder with the downsampling that DOWNSAMPLER names. Tests see whole images, filled up to the
# multiples of 16 that it asks for.
_base_ = ['mmseg::_base_/models/fcn_unet_s5-d16.py', '../downsampler/{{$DOWNSAMPLER:stock}}.py']
custom_imports = dict(imports=['mmtips'], allow_failed_imports=False)
model = dict(
    backbone=dict(
        type='TIPSBackbone', base='UNet', downsampler={{_base_.downsampler}}, sites={{_base_.sites}}),
    data_preprocessor=dict(test_cfg=dict(size_divisor=16)),
    test_cfg=dict(_delete_=True, mode='whole'))
