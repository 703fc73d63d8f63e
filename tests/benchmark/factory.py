# Copyright (c) mmtips authors. All rights reserved.
"""Benchmark results made by hand."""

from mmtips.benchmark.timing import spread


def samples(values):
    return dict(spread(values), rounds=values)


def row(name, forward=(2., 2., 2.), step=(30., 30., 30.), saved=1_500_000, share=None, ratios=None, **others):
    """One row; ``ratios`` by reference, the same for forward and step."""
    of = {reference: dict.fromkeys(('forward', 'step'), dict(median=value, low=value / 2, high=2 * value))
          for reference, value in (ratios or {}).items()}
    return dict(dict(
        name=name, operator=dict(type=name.split(',')[0]), losses='task', forward_ms=samples(list(map(float, forward))),
        step_ms=samples(list(map(float, step))), ratios=of, saved_bytes=saved, macs=2_500_000, minimal_bytes=None,
        copy_share=None if share is None else dict(median=share, low=share, high=share), parameters=1234,
        peak_bytes=dict(forward=None, step=3_000_000), compiled=None), **others)


def case(rows, shape=(1, 2, 4, 4), stride=2):
    return dict(title='one layer', shape=list(shape), stride=stride, rows=rows,
                copy=dict(bytes=8_000_000, ms=samples([1., 1., 1.])))


def result(cases, suite='layers'):
    run = dict(created='2026-01-01', commit='abc', device='CPU (x)', threads=1, versions=dict(torch='2.0'))
    setting = dict(device='cpu', dtype='float32', layout='contiguous', mode='eager', threads=1)
    return dict(schema=2, kind='benchmark', suite=suite, title='Operators', run=run, setting=setting, rounds=3,
                references=['BlurPool', 'stock'], cases=cases)
