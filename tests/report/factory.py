# Copyright (c) mmtips authors. All rights reserved.
"""Results of schema 2 as a measurement would give them, without a measurement."""

import hashlib

import torch
from torch import nn

from mmtips import report

CLASSES = ('background', 'circle', 'ring', 'bar', 'star')
PALETTE = ((0, 0, 0), (230, 60, 60), (60, 160, 230), (240, 200, 60), (120, 200, 120))
CORRUPTIONS = ('gaussian_noise', 'motion_blur', 'fog', 'contrast')
#: A name that HTML could stumble over.
NASTY = '<script>alert("1")</script>\' & "co"'
SHIFTS = list(range(-4, 5))


def estimate(value, half=0.5):
    return dict(value=value, low=max(0., value - half), high=min(100., value + half))


def measure(name, level, accuracy, **protocol):
    """Estimates around a level, in percent; the classes lie 3 points apart."""
    return dict(
        protocol=dict(dict(name=name, max_shift=8, pairs=2, seed=0, size_divisor=1, subpixel=1), **protocol),
        overall=estimate(level), foreground=estimate(level - 20, 1.5), joint=estimate(level - 8),
        fidelity=accuracy * level / 100, border=estimate(level - 30, 2),
        per_class={label: estimate(level - 3 * index, 2) for index, label in enumerate(CLASSES)})


def shift_map(level, stride):
    """A map with the lattice of a stride: multiples of it agree 4 points better."""
    overall = [[100. if dy == dx == 0 else level + 2. * (dy % stride == 0) + 2. * (dx % stride == 0)
                - 0.3 * max(abs(dy), abs(dx)) for dx in SHIFTS] for dy in SHIFTS]
    return dict(protocol='standard', max_shift=4, step=1, images=40, shifts=SHIFTS, overall=overall,
                worst=dict(overall=estimate(level - 5), joint=estimate(level - 11)))


def sampling(operator, weight):
    sites = [dict(path=f'backbone.layer{depth}.0.downsample', operator=operator, stride=2,
                  selection=None if weight is None else min(1., weight * 0.9 + 0.02 * depth), weight=weight,
                  aliasing=0.3 - 0.05 * depth) for depth in range(1, 5)]
    return dict(images=16, sites=sites)


def robustness(clean):
    attacks = [dict(attack=attack, epsilon=epsilon, steps=1 if attack == 'FGSM' else 10, accuracy=clean * factor)
               for attack in ('FGSM', 'PGD-linf') for epsilon, factor in ((0.004, .8), (0.016, .5), (0.031, .3))]
    corruptions = {name: {str(severity): clean - 4. * severity - index for severity in (1, 3, 5)}
                   for index, name in enumerate(CORRUPTIONS)}
    return dict(metric='mIoU', clean=clean, images=200, seed=0, attacks=attacks, corruptions=corruptions)


def make_result(name='stock', level=85., operator='MaxPool', weight=0.9):
    """A segmentation result with every section but pictures."""
    accuracy = level - 40
    return report.validate(dict(
        schema=2, kind='shift_consistency', name=name, config='tiny_shapes-64x64.py', downsampler=dict(type=operator),
        checkpoint=dict(name='iter_2000.pth', sha256=hashlib.sha256(name.encode()).hexdigest()),
        run=dict(created='2026-01-02T03:04:05+00:00', commit='0123456789ab', device='CPU (x86_64)', threads=1,
                 versions=dict(mmtips='0.1.0', torch='2.7.0')),
        data=dict(dataset='Shapes', images=300, skipped=[], classes=len(CLASSES) + 1, absent=['cross'], background=0,
                  ignore_index=255, border=3),
        model=dict(parameters=160_000, gmacs=0.075, input_shape=[3, 64, 64],
                   latency_ms=dict(median=7., low=6.5, high=8.)),
        accuracy=dict(metric='mIoU', value=accuracy),
        shift={protocol: measure(protocol, level + more, accuracy)
               for protocol, more in (('standard', 0.), ('circular', 1.))},
        shift_map=shift_map(level, 2), sampling=sampling(operator, weight), robustness=robustness(accuracy),
        figures=dict(examples={}, gallery=[], layers=[])))


def make_classification(name='classifier', level=90.):
    """A classification result: no classes, no border, no maps of labels; shift consistency and attacks alone."""
    result = make_result(name, level)
    for of in result['shift'].values():
        of['per_class'] = {}
        del of['foreground'], of['border']
    result.update(shift_map=None, sampling=None, accuracy=dict(metric='accuracy/top1', value=70.))
    result['data'].update(dataset='Icons', absent=[], background=None)
    result['robustness'].update(metric='accuracy/top1', corruptions={})
    return report.validate(result)


def make_bare(name='bare', level=80.):
    """A result with nothing but one protocol."""
    result = make_result(name, level)
    result.update(shift_map=None, sampling=None, robustness=None, accuracy=None)
    result['shift'] = dict(standard=dict(measure('standard', level, 0.), fidelity=None, per_class={}))
    return report.validate(result)


class Preprocessor(nn.Module):

    def __init__(self):
        super().__init__()
        self.register_buffer('mean', torch.full((3, 1, 1), 100.))
        self.register_buffer('std', torch.full((3, 1, 1), 50.))


def make_model():
    net = nn.Module()
    net.data_preprocessor = Preprocessor()
    return net


def disc(size, row, column, label=1):
    """A label map with a disc on the background."""
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing='ij')
    return torch.where((rows - row) ** 2 + (columns - column) ** 2 < (size / 4) ** 2, label, 0)


def add_pictures(result, folder, size=32, seed=0):
    """Give a result pictures of every kind, written into a folder."""
    generator = torch.Generator().manual_seed(seed)
    truth, first, second = disc(size, 16, 16), disc(size, 16, 17), disc(size, 17, 16, 2)
    first[:2], second[:, -3:] = -1, -1
    images = [torch.where(labels.eq(0), -1.5, 1.).expand(3, -1, -1) + 0.3 * torch.randn(3, size, size,
              generator=generator) for labels in (truth, first, second)]
    maps = dict(differ=(first != second).int(), seen=torch.ones(size, size).int(), prediction=first)
    examples = {index: dict(image=images[0], truth=truth, **maps) for index in range(2)}
    entry = dict(index=7, image='shape_<7>.png', agreement=62.5, shifts=[[0, 3], [-2.5, 1]], view_a=images[1],
                 view_b=images[2], prediction_a=first, prediction_b=second, truth=truth, labels=None)
    layers = [dict(path=f'backbone.layer{depth}', operator='TIPS', features=torch.randn(8, 16, 12, generator=generator),
                   weights=torch.rand(8, 4, generator=generator).softmax(1)) for depth in (1, 2)]
    result['figures'] = dict(examples=report.write_examples(examples, make_model(), PALETTE, folder),
                             gallery=report.write_gallery([entry, dict(entry, index=9)], make_model(), PALETTE, folder),
                             layers=report.write_layers(layers, folder))
    return report.validate(result)


def add_labels(result, folder, size=32):
    """Give a classification result a gallery."""
    view = torch.zeros(3, size, size)
    entry = dict(index=0, image='icon.png', agreement=20., shifts=[[0, 3], [-2, 1]], view_a=view, view_b=view + 1,
                 prediction_a=None, prediction_b=None, truth=None, labels=dict(a='cat', b='"dog" & co', truth=None))
    result['figures']['gallery'] = report.write_gallery([entry], make_model(), (), folder)
    return report.validate(result)
