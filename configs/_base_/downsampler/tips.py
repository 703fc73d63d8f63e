# TIPS as published, with both of its losses.
downsampler = dict(type='TIPS')
sites = None
custom_hooks = [dict(type='TIPSLossHook')]
