# The schedule of All-CNN: 350 epochs of SGD, a tenth of the rate after 200, 250 and 300.
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-3))
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[200, 250, 300], gamma=0.1)
train_cfg = dict(by_epoch=True, max_epochs=350, val_interval=10)
val_cfg = dict()
test_cfg = dict()
