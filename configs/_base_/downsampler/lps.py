# LPS, with the temperature that falls in the course of the training.
downsampler = dict(type='LPS')
custom_hooks = [dict(type='LPSTemperatureHook')]
