# SGD as in the released code of TIPS: rate 0.01, no weight decay, gradients clipped at norm 1. Recipes say how long the
# training is and after how many epochs the rate falls; both are those of its published table. By how much it falls the
# table does not say: to a fifth, as in the code's own default.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0),
    clip_grad=dict(max_norm=1.0))
param_scheduler = dict(type='StepLR', by_epoch=True, step_size=20, gamma=0.2)
train_cfg = dict(by_epoch=True, max_epochs=80, val_interval=1)
val_cfg = dict()
test_cfg = dict()
