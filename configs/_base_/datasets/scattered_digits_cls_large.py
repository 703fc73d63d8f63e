# The classification twin of scattered digits at 256 x 256, four times its size, for networks of full width on a GPU.
_base_ = './scattered_digits_cls.py'
train_dataloader = dict(
    num_workers=8,
    persistent_workers=True,
    dataset=dict(pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='RandomCrop', crop_size=64, padding=4, padding_mode='reflect'),
        dict(type='Resize', scale=(256, 256)),
        dict(type='PackInputs'),
    ]))
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(256, 256)),
    dict(type='PackInputs')
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
