# The plan of the evidence on CPUs: what `make evidence` trains and measures. `python tools/evidence.py --list` counts the
# cells of each study. What an entry may hold is said in mmtips/evidence/plan.py. It is not changed after the final runs.
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
    'BlurPool': dict(config=dict(type='BlurPool')),
    'BlurPool 5': dict(config=dict(type='BlurPool', filter_size=5)),
    'APS': dict(config=dict(type='APS')),
    'APS 3': dict(config=dict(type='APS', antialias=3)),
    'LPS': dict(config=dict(type='LPS'), hooks=[dict(type='LPSTemperatureHook')]),
    'DDAC': dict(config=dict(type='DDAC')),
    'SPDConv': dict(config=dict(type='SPDConv')),
    'TIPS': dict(config=dict(type='TIPS'), hooks=[dict(type='TIPSLossHook')]),
    'TIPS without losses': dict(config=dict(type='TIPS')),
    'TIPS phase': dict(config=dict(type='TIPS', scores='phase', taps=4)),
    'TIPS anchor': dict(config=dict(type='TIPS', anchor='norm')),
    'TIPS max': dict(config=dict(type='TIPS', scores='phase', taps=4, padding_mode='reflect', keep_max=True)),
    'TIPS anchor max': dict(config=dict(type='TIPS', anchor='norm', taps=4, keep_max=True)),
    # Exactly equivariant as a whole: every stride converted, and in segmentors an aligned decode.
    'APS 3 exact': dict(
        config=dict(type='APS', antialias=3),
        sites=dict(stem_conv=dict(type='APS', antialias=3)),
        hooks=[dict(type='ExactEquivarianceHook')],
        networks=['deeplabv3plus', 'resnet18'],
        paddings=['circular'],
        rate_of='APS 3'),
    'TIPS anchor exact': dict(
        config=dict(type='TIPS', anchor='norm', taps=4),
        sites=dict(stem_conv=dict(type='TIPS', anchor='norm', taps=4)),
        hooks=[dict(type='ExactEquivarianceHook')],
        networks=['deeplabv3plus', 'resnet18'],
        paddings=['circular'],
        rate_of='TIPS anchor'),
}

studies = {
    # The learning rate of every operator in every network. Both paddings share it: it is searched for with zeros, in
    # shorter trainings.
    'search': dict(split='val', seeds=[100], rates='grid'),
    'final': dict(split='test', seeds=[0, 1, 2, 3, 4], map_images=16),
    # Equal training time: each operator gets the iterations that fit into the time of the stock network.
    'time': dict(
        split='test', seeds=[0, 1, 2, 3, 4], iterations='equal_time', networks=['deeplabv3plus'], paddings=['zeros']),
    # Whether the training is long enough: what twice of it changes.
    'longer': dict(
        split='test',
        seeds=[0, 1, 2],
        length=2.0,
        networks=['deeplabv3plus'],
        paddings=['zeros'],
        operators=['stock', 'BlurPool', 'TIPS', 'TIPS without losses', 'TIPS phase']),
    # One thing at a time, against TIPS as published. On the validation split, since what is built next follows from it.
    'ablation': dict(
        split='val',
        seeds=[0, 1, 2],
        networks=['deeplabv3plus'],
        paddings=['zeros'],
        operators=['TIPS', 'TIPS without losses', 'TIPS phase', 'TIPS anchor'],
        extra={
            'L_FM alone': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', alpha=0.0)]),
            # From the last iteration on, that is never: the task loss stays down-weighted.
            'L_FM, task loss down-weighted': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', undo_start=1.0)]),
            'L_undo alone': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', mixing_weight=0.0)]),
            'L_FM paper': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', form='paper')]),
            'L_FM two-sided': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', form='two_sided')]),
            'alpha 0.1': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', alpha=0.1)]),
            'alpha 0.01': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', alpha=0.01)]),
            'wake-up 0': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', undo_start=0.0)]),
            'wake-up 0.7': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', undo_start=0.7)]),
            'shifts to 1/16': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', max_shift=0.0625)]),
            'circular shifts': dict(
                config=dict(type='TIPS'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook', mode='circular')]),
            'scores phase': dict(
                config=dict(type='TIPS', scores='phase'), rate_of='TIPS without losses'),
            'scores global': dict(
                config=dict(type='TIPS', scores='global'), rate_of='TIPS without losses'),
            'dense maximum kept': dict(
                config=dict(type='TIPS', keep_max=True), rate_of='TIPS', hooks=[dict(type='TIPSLossHook')]),
            'dense maximum kept, no losses': dict(
                config=dict(type='TIPS', keep_max=True), rate_of='TIPS without losses'),
            'taps 4': dict(config=dict(type='TIPS', taps=4), rate_of='TIPS without losses'),
            'anchor norm, taps 4': dict(config=dict(type='TIPS', anchor='norm', taps=4), rate_of='TIPS anchor'),
            'anchor learned': dict(
                config=dict(type='TIPS', anchor='learned'),
                rate_of='TIPS anchor',
                hooks=[dict(type='LPSTemperatureHook')]),
            'placement before': dict(
                config=dict(type='TIPS', placement='before'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook')]),
            'placement block': dict(
                config=dict(type='TIPS', placement='block'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook')]),
            'scorer 1 x 1': dict(
                config=dict(type='TIPS', score_kernel=1), rate_of='TIPS', hooks=[dict(type='TIPSLossHook')]),
            'scorer 5 x 5': dict(
                config=dict(type='TIPS', score_kernel=5), rate_of='TIPS', hooks=[dict(type='TIPSLossHook')]),
            'scorer padded circularly': dict(
                config=dict(type='TIPS', padding_mode='circular'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook')]),
            'scorer padded by reflection': dict(
                config=dict(type='TIPS', padding_mode='reflect'), rate_of='TIPS', hooks=[dict(type='TIPSLossHook')]),
        }),
    # Candidates for a better TIPS, and BlurPool with the same additions, paired with BlurPool over seeds. On the
    # validation split alone. What tells the parts of a candidate apart is in one network.
    'variants': dict(
        split='val',
        seeds=[10, 11, 12],
        networks=['deeplabv3plus', 'unet', 'resnet18'],
        operators=['BlurPool', 'TIPS max', 'TIPS anchor max'],
        extra={
            'BlurPool stem': dict(
                config=dict(type='BlurPool'),
                sites=dict(stem_conv=dict(type='BlurPool')),
                rate_of='BlurPool',
                networks=['deeplabv3plus']),
            'TIPS max stem': dict(
                config=dict(type='TIPS', scores='phase', taps=4, padding_mode='reflect', keep_max=True),
                sites=dict(stem_conv=dict(type='TIPS', scores='phase', taps=4, padding_mode='reflect')),
                rate_of='TIPS max',
                networks=['deeplabv3plus'],
                paddings=['zeros'],
                control='BlurPool stem'),
            'BlurPool agree': dict(
                config=dict(type='BlurPool'),
                hooks=[dict(type='ShiftAgreementHook', start=0.5)],
                rate_of='BlurPool',
                networks=['deeplabv3plus'],
                paddings=['zeros']),
            'TIPS max agree': dict(
                config=dict(type='TIPS', scores='phase', taps=4, padding_mode='reflect', keep_max=True),
                hooks=[dict(type='ShiftAgreementHook', start=0.5)],
                rate_of='TIPS max',
                networks=['deeplabv3plus'],
                paddings=['zeros'],
                control='BlurPool agree'),
            'BlurPool stem agree': dict(
                config=dict(type='BlurPool'),
                sites=dict(stem_conv=dict(type='BlurPool')),
                hooks=[dict(type='ShiftAgreementHook', start=0.5)],
                rate_of='BlurPool',
                networks=['deeplabv3plus'],
                paddings=['zeros']),
            'TIPS max stem agree': dict(
                config=dict(type='TIPS', scores='phase', taps=4, padding_mode='reflect', keep_max=True),
                sites=dict(stem_conv=dict(type='TIPS', scores='phase', taps=4, padding_mode='reflect')),
                hooks=[dict(type='ShiftAgreementHook', start=0.5)],
                rate_of='TIPS max',
                networks=['deeplabv3plus'],
                paddings=['zeros'],
                control='BlurPool stem agree'),
            'BlurPool stem agree 1': dict(
                config=dict(type='BlurPool'),
                sites=dict(stem_conv=dict(type='BlurPool')),
                hooks=[dict(type='ShiftAgreementHook')],
                rate_of='BlurPool',
                paddings=['zeros']),
            'TIPS max stem agree 1': dict(
                config=dict(type='TIPS', scores='phase', taps=4, padding_mode='reflect', keep_max=True),
                sites=dict(stem_conv=dict(type='TIPS', scores='phase', taps=4, padding_mode='reflect')),
                hooks=[dict(type='ShiftAgreementHook')],
                rate_of='TIPS max',
                paddings=['zeros'],
                control='BlurPool stem agree 1'),
            # Less of it: half the weight, and crops that lose a quarter as many pixels.
            'BlurPool stem agree 1, weight 0.5': dict(
                config=dict(type='BlurPool'),
                sites=dict(stem_conv=dict(type='BlurPool')),
                hooks=[dict(type='ShiftAgreementHook', weight=0.5)],
                rate_of='BlurPool',
                networks=['deeplabv3plus'],
                paddings=['zeros']),
            'BlurPool stem agree 1, near': dict(
                config=dict(type='BlurPool'),
                sites=dict(stem_conv=dict(type='BlurPool')),
                hooks=[dict(type='ShiftAgreementHook', max_shift=1)],
                rate_of='BlurPool',
                networks=['deeplabv3plus'],
                paddings=['zeros']),
            'TIPS anchor max aligned': dict(
                config=dict(type='TIPS', anchor='norm', taps=4, keep_max=True),
                sites=dict(stem_conv=dict(type='TIPS', anchor='norm', taps=4)),
                hooks=[dict(type='AlignedDecodeHook')],
                rate_of='TIPS anchor max',
                networks=['deeplabv3plus'],
                paddings=['zeros'],
                control='BlurPool stem'),
            'TIPS anchor max aligned agree': dict(
                config=dict(type='TIPS', anchor='norm', taps=4, keep_max=True),
                sites=dict(stem_conv=dict(type='TIPS', anchor='norm', taps=4)),
                hooks=[dict(type='AlignedDecodeHook'), dict(type='ShiftAgreementHook', start=0.5)],
                rate_of='TIPS anchor max',
                networks=['deeplabv3plus'],
                paddings=['zeros'],
                control='BlurPool stem agree'),
            'BlurPool block': dict(
                config=dict(type='BlurPool', placement='block'),
                rate_of='BlurPool',
                networks=['deeplabv3plus'],
                paddings=['zeros']),
            'TIPS max block': dict(
                config=dict(
                    type='TIPS', placement='block', scores='phase', taps=4, padding_mode='reflect', keep_max=True),
                rate_of='TIPS max',
                networks=['deeplabv3plus'],
                paddings=['zeros'],
                control='BlurPool block'),
            'BlurPool block agree': dict(
                config=dict(type='BlurPool', placement='block'),
                hooks=[dict(type='ShiftAgreementHook', start=0.5)],
                rate_of='BlurPool',
                networks=['deeplabv3plus'],
                paddings=['zeros']),
            'TIPS max block agree': dict(
                config=dict(
                    type='TIPS', placement='block', scores='phase', taps=4, padding_mode='reflect', keep_max=True),
                hooks=[dict(type='ShiftAgreementHook', start=0.5)],
                rate_of='TIPS max',
                networks=['deeplabv3plus'],
                paddings=['zeros'],
                control='BlurPool block agree'),
            # Exactly equivariant as a whole, beside BlurPool in the same padding.
            'TIPS anchor max exact': dict(
                config=dict(type='TIPS', anchor='norm', taps=4, keep_max=True),
                sites=dict(stem_conv=dict(type='TIPS', anchor='norm', taps=4)),
                hooks=[dict(type='ExactEquivarianceHook')],
                rate_of='TIPS anchor max',
                networks=['deeplabv3plus', 'resnet18'],
                paddings=['circular'],
                control='BlurPool stem'),
            'TIPS anchor max block exact': dict(
                config=dict(type='TIPS', placement='block', anchor='norm', taps=4, keep_max=True),
                sites=dict(stem_conv=dict(type='TIPS', anchor='norm', taps=4)),
                hooks=[dict(type='ExactEquivarianceHook')],
                rate_of='TIPS anchor max',
                networks=['deeplabv3plus'],
                paddings=['circular']),
            'TIPS anchor max exact agree': dict(
                config=dict(type='TIPS', anchor='norm', taps=4, keep_max=True),
                sites=dict(stem_conv=dict(type='TIPS', anchor='norm', taps=4)),
                hooks=[dict(type='ExactEquivarianceHook'), dict(type='ShiftAgreementHook', start=0.5)],
                rate_of='TIPS anchor max',
                networks=['deeplabv3plus'],
                paddings=['circular']),
        }),
}
