# Our TIPS, exactly equivariant: circular padding, every stride, an aligned decode. For residual networks.
downsampler = dict(type='TIPS', preset='equivariant')
sites = dict(stem_conv=downsampler)
custom_hooks = [dict(type='ExactEquivarianceHook')]
