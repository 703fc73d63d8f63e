# Our TIPS, exactly equivariant: circular padding, every stride, an aligned decode. For residual networks.
downsampler = dict(type='TIPS', anchor='norm', taps=4)
sites = dict(stem_conv=downsampler)
custom_hooks = [dict(type='ExactEquivarianceHook')]
