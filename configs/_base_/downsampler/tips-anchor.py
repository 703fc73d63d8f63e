# Our equivariant variant of TIPS: a soft mix, read off at an anchored phase; no extra loss.
downsampler = dict(type='TIPS', anchor='norm')
sites = None
