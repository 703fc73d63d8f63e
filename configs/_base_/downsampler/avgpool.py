# Average pooling: TIPS with equal weights.
downsampler = dict(type='AvgPool')
sites = None
