# Oxford Flowers-102 for MMPretrain, at 224 pixels like Food-101: 1,020 training images;
# `jpg`, `imagelabels.mat` and `setid.mat` in one folder.
_base_ = './food101.py'
data_preprocessor = dict(num_classes=102)
flowers = dict(type='Flowers102', data_root='data/flowers102')
train_dataloader = dict(dataset=dict(split='train', **flowers))
val_dataloader = dict(dataset=dict(split='val', **flowers))
test_dataloader = dict(dataset=dict(split='test', **flowers))
