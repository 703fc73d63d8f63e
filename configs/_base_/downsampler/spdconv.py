# SPD-Conv: strided convolutions as space-to-depth, pools as a learned mix.
downsampler = dict(type='SPDConv')
sites = None
