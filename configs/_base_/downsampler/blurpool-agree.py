# BlurPool, and two shifted views of every image that are trained to agree in the second half of the training.
downsampler = dict(type='BlurPool')
sites = None
custom_hooks = [dict(type='ShiftAgreementHook', weight=0.5, start=0.5, padding_mode='reflect')]
