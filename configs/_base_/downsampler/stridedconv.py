# Depthwise strided convolutions: a learned control.
downsampler = dict(type='StridedConv')
sites = None
