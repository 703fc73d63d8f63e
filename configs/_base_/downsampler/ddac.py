# DDAC: low-pass filters predicted for every location.
downsampler = dict(type='DDAC')
sites = None
