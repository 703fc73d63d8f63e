# U-Net on Kvasir-SEG.
#
#   python tools/train.py configs/unet/unet-s5-d16_fcn_1xb16-20k_kvasir-seg-352x352.py
#   DOWNSAMPLER=tips python tools/train.py configs/unet/unet-s5-d16_fcn_1xb16-20k_kvasir-seg-352x352.py
#
# Hardware: one GPU. Time and score: not measured by us yet.
_base_ = [
    '../_base_/models/fcn_unet_s5-d16.py', '../_base_/datasets/kvasir_seg.py',
    'mmseg::_base_/default_runtime.py', 'mmseg::_base_/schedules/schedule_20k.py'
]
model = dict(
    data_preprocessor=dict(size=(352, 352)), decode_head=dict(num_classes=2), auxiliary_head=dict(num_classes=2))
work_dir = './work_dirs/{{fileBasenameNoExtension}}/{{$DOWNSAMPLER:stock}}'
