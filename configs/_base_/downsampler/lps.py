# LPS: a learned phase, with the temperature that falls in the course of the training.
downsampler = dict(type='LPS')
sites = None
custom_hooks = [dict(type='LPSTemperatureHook')]
