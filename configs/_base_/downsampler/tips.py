# TIPS as published, with both of its losses.
downsampler = dict(type='TIPS')
custom_hooks = [dict(type='TIPSLossHook')]
