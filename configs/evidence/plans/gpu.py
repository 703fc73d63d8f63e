# The plan of the evidence on one GPU: networks of full width at 256 pixels. It is the protocol of cpu.py, with fewer
# operators. Networks come one after another and within each its seeds, and it goes on where it was stopped: what is shown
# before its end are the seeds that all operators of a network have. Time is wall time here, after waiting for the GPU.
#
#   make evidence PLAN=configs/evidence/plans/gpu.py JOBS=1
_base_ = './cpu.py'
networks = dict(
    _delete_=True,
    **{
        name: dict(
            recipe=f'configs/{recipe}_scattered-digits-256x256.py',
            task=task,
            iterations=2000,
            search_iterations=1000,
            images=images,
            learning_rates=[0.0005, 0.001, 0.002],
            paddings=['zeros'])
        for name, task, images, recipe in (
            ('deeplabv3plus_r18', 'segmentation', 200, 'deeplabv3plus/deeplabv3plus_r18-d8_1xb8-2k'),
            ('resnet18', 'classification', 500, 'resnet/resnet18_1xb64-2k'),
            ('deeplabv3plus_r50', 'segmentation', 200, 'deeplabv3plus/deeplabv3plus_r50-d8_1xb8-2k'),
            ('resnet50', 'classification', 500, 'resnet/resnet50_1xb64-2k'),
        )
    })
# Four times the pixels a side, four times the shift.
protocol = dict(max_shift=16)
operators = {
    '_delete_': True,
    'stock': dict(),
    'BlurPool': dict(config=dict(type='BlurPool')),
    'APS 3': dict(config=dict(type='APS', antialias=3)),
    'LPS': dict(config=dict(type='LPS'), hooks=[dict(type='LPSTemperatureHook')]),
    'TIPS': dict(config=dict(type='TIPS'), hooks=[dict(type='TIPSLossHook')]),
    'TIPS without losses': dict(config=dict(type='TIPS')),
}
studies = dict(
    _delete_=True,
    search=dict(split='val', seeds=[100], rates='grid'),
    final=dict(split='test', seeds=[0, 1, 2, 3, 4], map_images=16))
