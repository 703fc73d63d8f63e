# Scattered digits at half their size, whole images of 64 x 64: four times as many digits for the same work as crops.
_base_ = './scattered_digits.py'
# The transforms of the training draw nothing at random: what they give is kept, in half a megabyte for 32 images.
train_dataloader = dict(
    dataset=dict(pipeline=[
        dict(
            type='TIPSKeepLoaded',
            transforms=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                dict(type='Resize', scale=(64, 64)),
            ]),
        dict(type='PackSegInputs'),
    ]))
# Scores are those of the enlarged logits, on the ground truth of the full size.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(64, 64)),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
