# Scattered digits for MMPretrain: 64 x 64 images of one digit each, 10 classes. Made by
#   python tools/dataset_converters/scattered_digits.py
data_root = 'data/scattered_digits'
# No flips: a mirrored digit is no digit.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomCrop', crop_size=64, padding=4, padding_mode='reflect'),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='ScatteredDigitsClassification', data_root=data_root, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=50,
    num_workers=0,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ScatteredDigitsClassification', data_root=data_root, split='val', pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=50,
    num_workers=0,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ScatteredDigitsClassification', data_root=data_root, split='test', pipeline=test_pipeline))
val_evaluator = dict(type='Accuracy', topk=(1, ))
test_evaluator = val_evaluator
