# TIPS once for all branches of a block, before it, with both of its losses.
downsampler = dict(type='TIPS', placement='block')
sites = None
custom_hooks = [dict(type='TIPSLossHook')]
