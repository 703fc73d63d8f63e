# TIPS before each strided convolution, which then runs on the reduced map, with both of its losses.
downsampler = dict(type='TIPS', placement='before')
sites = None
custom_hooks = [dict(type='TIPSLossHook')]
