# 1,000 iterations for networks that train in a minute on one core: schedule_2k, the warm-up shorter.
_base_ = './schedule_2k.py'
max_iters = 1000
# A short memory for a short training: with the usual one the first third of it changes little.
optim_wrapper = dict(optimizer=dict(fused=True, betas=(0.8, 0.98)))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=30),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=30, end=max_iters),
]
train_cfg = dict(max_iters=max_iters, val_interval=250)
