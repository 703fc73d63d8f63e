# A plan of seconds, with everything that the long one has: to see whether the machinery runs. Its figures mean nothing.
networks = {
    'resnet18': dict(
        recipe='configs/resnet/resnet18-w8_1xb32-1k_scattered-digits-64x64.py',
        task='classification',
        iterations=4,
        images=4,
        learning_rates=[0.002],
        options=dict(train_dataloader=dict(batch_size=4))),
    'deeplabv3plus': dict(
        recipe='configs/deeplabv3plus/deeplabv3plus_r18-w8-d8_1xb8-1k_scattered-digits-64x64.py',
        task='segmentation',
        iterations=4,
        images=4,
        learning_rates=[0.01],
        paddings=['circular'],
        options=dict(train_dataloader=dict(batch_size=4))),
}
protocol = dict(max_shift=4, pairs=1, border=1, sampling_images=2, curve_images=4, curve_points=2)
operators = {
    'stock': dict(networks=['resnet18']),
    'TIPS': dict(
        config=dict(type='TIPS'),
        hooks=[dict(type='TIPSLossHook'), dict(type='ShiftAgreementHook')],
        networks=['deeplabv3plus']),
}
studies = {
    'search': dict(split='val', seeds=[100], rates='grid'),
    'final': dict(split='test', seeds=[0], networks=['resnet18'], paddings=['zeros'], map_images=2),
}
