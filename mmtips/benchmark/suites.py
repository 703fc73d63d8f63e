# Copyright (c) mmtips authors. All rights reserved.
"""The suites, and which of them are measured under which settings."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from mmtips.benchmark import candidates, networks
from mmtips.benchmark.candidates import STOCK, STRIDED, Candidate
from mmtips.benchmark.settings import Setting


class Case(NamedTuple):
    """Candidates on one input.

    Attributes:
        title: What the table is headed.
        shape: ``(N, C, H, W)`` of the input.
        candidates: By name.
        stride: The factor by which the candidates divide height and width, where they are layers.
    """

    title: str
    shape: tuple[int, int, int, int]
    candidates: dict[str, Candidate]
    stride: int | None = None


class Suite(NamedTuple):
    """What is measured within one run, every case and candidate in every round.

    Attributes:
        title: What it is about.
        references: Names of the candidates that the others are related to.
        rounds: Timed rounds where nothing else is said.
        cases: The cases.
    """

    title: str
    references: tuple[str, ...]
    rounds: int
    cases: tuple[Case, ...]


SHAPES = ((8, 64, 56, 56), (2, 256, 64, 64))
#: Sizes of the growth suite: one of side, channels and stride grows, and the others stay at what is said beside it.
SIDES, SIDE_CHANNELS = (64, 128, 256, 512, 1024), 32
CHANNELS, CHANNELS_SIDE = (16, 64, 256, 1024, 2048), 64
STRIDES, STRIDE_SHAPE = (2, 3, 4), (1, 64, 192, 192)
LAYERS = ('BlurPool', STRIDED)
NETWORKS = (STOCK, 'BlurPool')


def _layers(rows: Callable[[int], dict[str, Candidate]]) -> tuple[Case, ...]:
    return tuple(Case('one layer', shape, rows(shape[1]), 2) for shape in SHAPES)


def _growth() -> tuple[Case, ...]:
    shapes: list[tuple[tuple[int, int, int, int], int]] = [
        *(((1, SIDE_CHANNELS, side, side), 2) for side in SIDES),
        *(((1, channels, CHANNELS_SIDE, CHANNELS_SIDE), 2) for channels in CHANNELS),
        *((STRIDE_SHAPE, stride) for stride in STRIDES)]
    return tuple(Case(f'stride {stride}', shape, candidates.growing(shape[1], stride), stride)
                 for shape, stride in shapes)


def _network(title: str, shape: tuple[int, int, int, int], rows: Callable[[], dict[str, Candidate]],
             references: tuple[str, ...] = NETWORKS, rounds: int = 5) -> Suite:
    return Suite(title, references, rounds, (Case(title, shape, rows()), ))


#: The input of DeepLabV3+ and U-Net. Two images: in training, the norm behind the image pool needs more than one value.
DENSE = (2, 3, 128, 128)
SUITES: dict[str, Callable[[], Suite]] = {
    'layers': lambda: Suite('Operators alone', LAYERS, 15, _layers(candidates.layers)),
    'core': lambda: Suite('TIPS, BlurPool and the strided convolution', LAYERS, 15, _layers(candidates.core)),
    'growth': lambda: Suite('Cost as size grows', ('BlurPool', ), 9, _growth()),
    'resnet50': lambda: _network('ResNet-50', (1, 3, 224, 224), partial(candidates.network, networks.resnet50)),
    'deeplabv3plus-r18': lambda: _network('DeepLabV3+ R18-D8', DENSE, partial(
        candidates.network, partial(networks.deeplabv3plus, 18))),
    'deeplabv3plus-r50': lambda: _network('DeepLabV3+ R50-D8', DENSE, partial(
        candidates.network, partial(networks.deeplabv3plus, 50))),
    'unet': lambda: _network('U-Net', DENSE, partial(candidates.network, networks.unet)),
    'sites': lambda: _network('ResNet-50, with and without its stem convolution', (1, 3, 224, 224), candidates.sites),
    'placements': lambda: _network('DeepLabV3+ R50-D8 by placement', DENSE, candidates.placements, (STOCK, ), 7),
}
NETWORK_SUITES = ('resnet50', 'deeplabv3plus-r18', 'deeplabv3plus-r50', 'unet')

#: What ``make benchmark`` measures on each device; on the CPU whole networks eagerly and in float32 alone.
PLANS: dict[str, Sequence[tuple[Setting, tuple[str, ...]]]] = {
    'cpu': (
        (Setting(), ('layers', 'growth', *NETWORK_SUITES, 'sites', 'placements')),
        (Setting(threads=2), ('layers', )),
        (Setting(layout='channels_last'), ('core', )),
        (Setting(dtype='bfloat16'), ('core', )),
        (Setting(dtype='bfloat16-autocast'), ('core', )),
        (Setting(mode='compiled'), ('core', )),
    ),
    'cuda': (
        (Setting('cuda'), ('layers', 'growth', *NETWORK_SUITES, 'sites', 'placements')),
        (Setting('cuda', layout='channels_last'), ('core', *NETWORK_SUITES)),
        (Setting('cuda', 'bfloat16'), ('layers', )),
        (Setting('cuda', 'bfloat16-autocast'), ('core', *NETWORK_SUITES)),
        (Setting('cuda', 'float16'), ('core', )),
        (Setting('cuda', 'float16-autocast'), ('core', )),
        (Setting('cuda', mode='compiled'), ('core', 'resnet50')),
    ),
}


def planned(device: str) -> Iterator[tuple[str, Setting]]:
    """Suite and setting of every measurement of a plan, one of :data:`PLANS`."""
    return ((suite, setting) for setting, suites in PLANS[device] for suite in suites)
