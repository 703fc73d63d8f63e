# What the plan of the evidence tries on the validation split alone: one thing at a time of TIPS as published, and candidates
# for a better one. What an entry may hold is said in mmtips/evidence/plan.py.

# What several rows share.
published, losses = dict(type='TIPS'), dict(type='TIPSLossHook')
blurred, blurred_block = dict(type='BlurPool'), dict(type='BlurPool', placement='block')
averaged = dict(type='TIPS', scores='phase', taps=4, padding_mode='reflect')
averaged_max, averaged_block = dict(averaged, keep_max=True), dict(averaged, keep_max=True, placement='block')
anchored = dict(type='TIPS', anchor='norm', taps=4)
anchored_max, anchored_block = dict(anchored, keep_max=True), dict(anchored, keep_max=True, placement='block')
agree, agree_late = dict(type='ShiftAgreementHook'), dict(type='ShiftAgreementHook', start=0.5)
exact, aligned = dict(type='ExactEquivarianceHook'), dict(type='AlignedDecodeHook')
continued = dict(agree_late, weight=0.5, padding_mode='reflect')
deeplab = dict(networks=['deeplabv3plus'], paddings=['zeros'])
deeplab_circular = dict(networks=['deeplabv3plus'], paddings=['circular'])

studies = {
    # One thing at a time, against TIPS as published or against its control.
    'ablation': dict(
        split='val',
        seeds=[20, 21, 22],
        networks=['deeplabv3plus'],
        paddings=['zeros'],
        operators=['TIPS', 'TIPS without losses', 'TIPS phase', 'TIPS anchor'],
        extra={
            # The losses.
            **{
                name: dict(config=published, rate_of='TIPS', hooks=[dict(losses, **options)])
                for name, options in {
                    'L_FM alone': dict(alpha=0.0),
                    # From the last iteration on, that is never: the task loss stays down-weighted.
                    'L_FM, task loss down-weighted': dict(undo_start=1.0),
                    'L_undo alone': dict(mixing_weight=0.0),
                    'L_FM paper': dict(form='paper'),
                    'L_FM two-sided': dict(form='two_sided'),
                    'alpha 0.1': dict(alpha=0.1),
                    'alpha 0.01': dict(alpha=0.01),
                    'wake-up 0': dict(undo_start=0.0),
                    'wake-up 0.7': dict(undo_start=0.7),
                    'shifts to 1/16': dict(max_shift=0.0625),
                    'circular shifts': dict(mode='circular'),
                }.items()
            },
            # The operator, with the losses.
            **{
                name: dict(config=dict(published, **options), rate_of='TIPS', hooks=[losses])
                for name, options in {
                    'dense maximum kept': dict(keep_max=True),
                    'placement before': dict(placement='before'),
                    'placement block': dict(placement='block'),
                    'scorer 1 x 1': dict(score_kernel=1),
                    'scorer 5 x 5': dict(score_kernel=5),
                    'scorer padded circularly': dict(padding_mode='circular'),
                    'scorer padded by reflection': dict(padding_mode='reflect'),
                }.items()
            },
            # The operator, without them.
            **{
                name: dict(
                    config=dict(published, **options), rate_of='TIPS without losses', control='TIPS without losses')
                for name, options in {
                    'scores phase': dict(scores='phase'),
                    'scores global': dict(scores='global'),
                    'dense maximum kept, no losses': dict(keep_max=True),
                    'taps 4': dict(taps=4),
                }.items()
            },
            'anchor norm, taps 4': dict(config=anchored, rate_of='TIPS anchor', control='TIPS anchor'),
            'anchor learned': dict(
                config=dict(published, anchor='learned'),
                rate_of='TIPS anchor',
                control='TIPS anchor',
                hooks=[dict(type='LPSTemperatureHook')]),
        }),
    # Paired with BlurPool over seeds, and BlurPool with the same additions. What tells the parts of a candidate apart is in
    # one network.
    'variants': dict(
        split='val',
        seeds=[10, 11, 12],
        networks=['deeplabv3plus', 'unet', 'resnet18'],
        operators=['BlurPool', 'TIPS max', 'TIPS anchor max', 'BlurPool stem', 'APS exact', 'TIPS exact'],
        extra={
            'TIPS max stem': dict(
                config=averaged_max,
                sites=dict(stem_conv=averaged),
                rate_of='TIPS max',
                control='BlurPool stem',
                **deeplab),
            'BlurPool agree': dict(config=blurred, hooks=[agree_late], rate_of='BlurPool', **deeplab),
            'TIPS max agree': dict(
                config=averaged_max, hooks=[agree_late], rate_of='TIPS max', control='BlurPool agree', **deeplab),
            'BlurPool stem agree': dict(
                config=blurred, sites=dict(stem_conv=blurred), hooks=[agree_late], rate_of='BlurPool', **deeplab),
            'TIPS max stem agree': dict(
                config=averaged_max,
                sites=dict(stem_conv=averaged),
                hooks=[agree_late],
                rate_of='TIPS max',
                control='BlurPool stem agree',
                **deeplab),
            'BlurPool stem agree 1': dict(
                config=blurred, sites=dict(stem_conv=blurred), hooks=[agree], rate_of='BlurPool', **deeplab),
            'TIPS max stem agree 1': dict(
                config=averaged_max,
                sites=dict(stem_conv=averaged),
                hooks=[agree],
                rate_of='TIPS max',
                control='BlurPool stem agree 1',
                **deeplab),
            # Less of it: half the weight, and crops that lose a quarter as many pixels.
            'BlurPool stem agree 1, weight 0.5': dict(
                config=blurred,
                sites=dict(stem_conv=blurred),
                hooks=[dict(agree, weight=0.5)],
                rate_of='BlurPool',
                **deeplab),
            'BlurPool stem agree 1, near': dict(
                config=blurred,
                sites=dict(stem_conv=blurred),
                hooks=[dict(agree, max_shift=1)],
                rate_of='BlurPool',
                **deeplab),
            'BlurPool + agreement': dict(
                config=blurred, hooks=[dict(agree, weight=0.5)], rate_of='BlurPool', paddings=['zeros']),
            'TIPS max + agreement': dict(
                config=averaged_max,
                hooks=[dict(agree, weight=0.5)],
                rate_of='TIPS max',
                control='BlurPool + agreement',
                paddings=['zeros']),
            # What of that costs mIoU: crops without the term, and the term with crops as large as the images.
            'BlurPool, crops alone': dict(
                config=blurred, hooks=[dict(agree, weight=0.0)], rate_of='BlurPool', **deeplab),
            'BlurPool + agreement, continued': dict(
                config=blurred, hooks=[continued], rate_of='BlurPool', paddings=['zeros']),
            'TIPS max + agreement, continued': dict(
                config=averaged_max,
                hooks=[continued],
                rate_of='TIPS max',
                control='BlurPool + agreement, continued',
                paddings=['zeros']),
            'TIPS anchor max aligned': dict(
                config=anchored_max,
                sites=dict(stem_conv=anchored),
                hooks=[aligned],
                rate_of='TIPS anchor max',
                control='BlurPool stem',
                **deeplab),
            'TIPS anchor max aligned agree': dict(
                config=anchored_max,
                sites=dict(stem_conv=anchored),
                hooks=[aligned, agree_late],
                rate_of='TIPS anchor max',
                control='BlurPool stem agree',
                **deeplab),
            # Learning starts from the binomial filter.
            'TIPS max, even start': dict(
                config=dict(averaged_max, scale_bound=0.0),
                rate_of='TIPS max',
                control='TIPS max',
                paddings=['zeros']),
            'TIPS exact, even start': dict(
                config=dict(anchored_max, scale_bound=0.0),
                sites=dict(stem_conv=dict(anchored, scale_bound=0.0)),
                hooks=[exact],
                rate_of='TIPS exact',
                control='TIPS exact',
                networks=['deeplabv3plus', 'resnet18'],
                paddings=['circular']),
            'BlurPool block': dict(config=blurred_block, rate_of='BlurPool', **deeplab),
            'TIPS max block': dict(
                config=averaged_block, rate_of='TIPS max', control='BlurPool block', **deeplab),
            'BlurPool block agree': dict(
                config=blurred_block, hooks=[agree_late], rate_of='BlurPool', **deeplab),
            'TIPS max block agree': dict(
                config=averaged_block,
                hooks=[agree_late],
                rate_of='TIPS max',
                control='BlurPool block agree',
                **deeplab),
            # Exactly equivariant as a whole.
            'TIPS anchor max exact': dict(
                config=anchored_max,
                sites=dict(stem_conv=anchored),
                hooks=[exact],
                rate_of='TIPS anchor max',
                networks=['deeplabv3plus', 'resnet18'],
                paddings=['circular'],
                control='BlurPool stem'),
            'TIPS anchor max block exact': dict(
                config=anchored_block,
                sites=dict(stem_conv=anchored),
                hooks=[exact],
                rate_of='TIPS anchor max',
                **deeplab_circular),
            'TIPS anchor max exact agree': dict(
                config=anchored_max,
                sites=dict(stem_conv=anchored),
                hooks=[exact, agree_late],
                rate_of='TIPS anchor max',
                **deeplab_circular),
        }),
}
# Entries of a plan and nothing else.
del published, losses, blurred, blurred_block, averaged, averaged_max, averaged_block, anchored, anchored_max
del anchored_block, agree, agree_late, exact, aligned, continued, deeplab, deeplab_circular
