# Max pooling: the control that TIPS was published against.
downsampler = dict(type='MaxPool')
sites = None
