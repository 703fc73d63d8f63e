# Our variant of TIPS: scores per phase, overlapping windows, no extra loss.
downsampler = dict(type='TIPS', scores='phase', taps=4)
sites = None
