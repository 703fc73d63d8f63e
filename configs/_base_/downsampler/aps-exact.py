# APS, exactly equivariant: circular padding, every stride, an aligned decode. For residual networks.
downsampler = dict(type='APS', antialias=3)
sites = dict(stem_conv=downsampler)
custom_hooks = [dict(type='ExactEquivarianceHook')]
