# The classification twin of scattered digits at half its size, 32 x 32.
_base_ = './scattered_digits_cls.py'
train_dataloader = dict(
    dataset=dict(pipeline=[
        dict(
            type='TIPSKeepLoaded',
            transforms=[dict(type='LoadImageFromFile'), dict(type='Resize', scale=(32, 32))]),
        dict(type='RandomCrop', crop_size=32, padding=2, padding_mode='reflect'),
        dict(type='PackInputs'),
    ]))
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(32, 32)),
    dict(type='PackInputs')
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
