_base_ = [
    'mmseg::_base_/default_runtime.py', '../_base_/models/deeplabv3plus_r18-w16-d8.py',
    '../_base_/datasets/scattered_digits.py', '../_base_/schedules/schedule_1500i.py'
]
