# BlurPool with its triangle filter.
downsampler = dict(type='BlurPool')
sites = None
