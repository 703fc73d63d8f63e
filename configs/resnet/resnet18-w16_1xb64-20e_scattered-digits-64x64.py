_base_ = [
    '../_base_/models/resnet18-w16.py', '../_base_/datasets/scattered_digits_cls.py',
    '../_base_/schedules/schedule_20e.py', 'mmpretrain::_base_/default_runtime.py'
]
