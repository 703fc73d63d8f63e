# As the host builds it.
downsampler = None
sites = None
