# APS: one phase per sample, that of the largest norm.
downsampler = dict(type='APS')
sites = None
