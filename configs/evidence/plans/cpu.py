# The plan of the evidence on CPUs: what `make evidence` trains and measures. `python tools/evidence.py --list` counts the
# cells of each study. What an entry may hold is said in mmtips/evidence/plan.py. It is not changed after the final runs.
_base_ = '../studies/val.py'

# What several rows share.
published, losses = dict(type='TIPS'), dict(type='TIPSLossHook')
averaged = dict(type='TIPS', scores='phase', taps=4, padding_mode='reflect', keep_max=True)
anchored = dict(type='TIPS', anchor='norm', taps=4)
blurred, sampled = dict(type='BlurPool'), dict(type='APS', antialias=3)
agree = dict(type='ShiftAgreementHook', weight=0.5, start=0.5, padding_mode='reflect')
exact = dict(type='ExactEquivarianceHook')

networks = {
    'deeplabv3plus': dict(
        recipe='configs/deeplabv3plus/deeplabv3plus_r18-w8-d8_1xb8-1k_scattered-digits-64x64.py',
        task='segmentation',
        iterations=1600,
        search_iterations=600,
        images=200,
        learning_rates=[0.015, 0.03, 0.06]),
    'resnet18': dict(
        recipe='configs/resnet/resnet18-w8_1xb32-1k_scattered-digits-64x64.py',
        task='classification',
        iterations=1500,
        search_iterations=750,
        images=500,
        learning_rates=[0.0025, 0.005, 0.01]),
    'unet': dict(
        recipe='configs/unet/unet-s3-w16_fcn_1xb8-1k_scattered-digits-64x64.py',
        task='segmentation',
        iterations=1200,
        search_iterations=600,
        images=200,
        learning_rates=[0.01, 0.02, 0.04],
        paddings=['zeros']),
    'all-cnn-c': dict(
        recipe='configs/all_cnn/all-cnn-c-w16_1xb16-1k_scattered-digits-32x32.py',
        task='classification',
        iterations=1050,
        search_iterations=525,
        images=500,
        learning_rates=[0.0025, 0.005, 0.01],
        paddings=['zeros']),
}

# Images have 64 pixels a side: shifts of up to 4 leave views of 56, a multiple of the total stride of both segmentors.
protocol = dict(
    max_shift=4, pairs=1, border=1, sampling_images=16, curve_images=100, curve_points=4)

operators = {
    'stock': dict(),
    'MaxPool': dict(config=dict(type='MaxPool')),
    'AvgPool': dict(config=dict(type='AvgPool')),
    'StridedConv': dict(config=dict(type='StridedConv')),
    'BlurPool': dict(config=blurred),
    'BlurPool 5': dict(config=dict(type='BlurPool', filter_size=5)),
    'APS': dict(config=dict(type='APS')),
    'APS 3': dict(config=sampled),
    'LPS': dict(config=dict(type='LPS'), hooks=[dict(type='LPSTemperatureHook')]),
    'DDAC': dict(config=dict(type='DDAC')),
    'SPDConv': dict(config=dict(type='SPDConv')),
    'TIPS': dict(config=published, hooks=[losses]),
    # Of the ablation's rows with both losses the one with the highest sum of mIoU and foreground consistency.
    'TIPS tuned': dict(config=published, hooks=[dict(losses, form='two_sided')], rate_of='TIPS'),
    'TIPS without losses': dict(config=published),
    'TIPS phase': dict(config=dict(type='TIPS', scores='phase', taps=4)),
    'TIPS anchor': dict(config=dict(type='TIPS', anchor='norm')),
    'TIPS max': dict(config=averaged),
    'TIPS anchor max': dict(config=dict(anchored, keep_max=True)),
    # Trained for what is measured, too.
    'BlurPool + agreeing views': dict(config=blurred, hooks=[agree], rate_of='BlurPool'),
    'TIPS max + agreeing views': dict(
        config=averaged, hooks=[agree], rate_of='TIPS max', control='BlurPool + agreeing views'),
    # Every stride converted, with an aligned decode in segmentors: exactly equivariant as a whole.
    'BlurPool stem': dict(
        config=blurred, sites=dict(stem_conv=blurred), networks=['deeplabv3plus', 'resnet18'], rate_of='BlurPool'),
    'APS exact': dict(
        config=sampled,
        sites=dict(stem_conv=sampled),
        hooks=[exact],
        networks=['deeplabv3plus', 'resnet18'],
        paddings=['circular']),
    'TIPS exact': dict(
        config=dict(anchored, keep_max=True),
        sites=dict(stem_conv=anchored),
        hooks=[exact],
        networks=['deeplabv3plus', 'resnet18'],
        paddings=['circular'],
        control='APS exact'),
}
# These came to nothing on the validation split, and spare an hour.
tested = [name for name in operators if name not in ('BlurPool 5', 'TIPS phase', 'TIPS anchor')]

studies = {
    # The learning rate of every operator in every network. Both paddings share it: it is searched for with zeros, in
    # shorter trainings.
    'search': dict(split='val', seeds=[100], rates='grid'),
    'final': dict(split='test', seeds=[0, 1, 2, 3, 4], operators=tested, map_images=16),
    # Equal training time: each operator gets the iterations that fit into the time of the stock network. Others cost
    # about as much as that, and would be trained as before.
    'time': dict(
        split='test',
        seeds=[0, 1, 2, 3, 4],
        iterations='equal_time',
        networks=['deeplabv3plus'],
        paddings=['zeros'],
        operators=['stock', 'BlurPool', 'APS 3', 'LPS', 'DDAC', 'TIPS', 'TIPS without losses', 'TIPS max',
                   'BlurPool + agreeing views', 'TIPS max + agreeing views']),
    # Whether the training is long enough: what twice of it changes, where what was tried on val rises most at its end.
    'longer': dict(
        split='test',
        seeds=[0, 1, 2],
        length=2.0,
        networks=['deeplabv3plus'],
        paddings=['circular'],
        operators=['stock', 'BlurPool', 'TIPS', 'TIPS max', 'APS exact', 'TIPS exact']),
}
# Entries of a plan and nothing else.
del published, losses, averaged, anchored, blurred, sampled, agree, exact, tested
