# Copyright (c) mmtips authors. All rights reserved.
"""The table of operators that drives the contract tests: every type, with options worth telling apart."""

OPERATORS = {
    'TIPS': dict(type='TIPS'),
    'TIPS-circular': dict(type='TIPS', padding_mode='circular'),
    'BlurPool': dict(type='BlurPool'),
    'BlurPool-4': dict(type='BlurPool', filter_size=4, padding_mode='replicate'),
    'BlurPool-5-zeros': dict(type='BlurPool', filter_size=5, padding_mode='zeros'),
    'MaxPool': dict(type='MaxPool'),
    'AvgPool': dict(type='AvgPool'),
    'StridedConv': dict(type='StridedConv'),
}
