# Scattered digits at twice their size, 256 x 256: whole images, for networks of full width on a GPU.
_base_ = './scattered_digits.py'
train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    dataset=dict(pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='Resize', scale=(256, 256)),
        dict(type='PackSegInputs'),
    ]))
# Scores are those of the logits reduced to the size of the ground truth.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(256, 256)),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
