# The host's runtime, which keeps the checkpoint of every epoch: hundreds of MB each, for hundreds of epochs.
_base_ = 'mmpretrain::_base_/default_runtime.py'
default_hooks = dict(checkpoint=dict(max_keep_ckpts=2, save_best='auto'))
