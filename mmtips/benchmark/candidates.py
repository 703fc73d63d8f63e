# Copyright (c) mmtips authors. All rights reserved.
"""What is measured: layers alone, and whole networks with them. All of it is data, and can be pickled."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from torch import nn

from mmtips.benchmark import networks
from mmtips.benchmark.released import ReleasedTIPS
from mmtips.downsampling import build_downsampler

#: One row for every operator.
OPERATORS: dict[str, dict[str, Any]] = {
    name: dict(type=name)
    for name in ('TIPS', 'BlurPool', 'APS', 'LPS', 'DDAC', 'SPDConv', 'MaxPool', 'AvgPool', 'StridedConv')}
#: Options that change what an operator costs.
OPTIONS: dict[str, dict[str, Any]] = {
    "TIPS, scores='phase', taps=4": dict(type='TIPS', scores='phase', taps=4),
    "TIPS, anchor='norm'": dict(type='TIPS', anchor='norm'),
    "TIPS, anchor='learned'": dict(type='TIPS', anchor='learned'),
    'BlurPool, filter_size=5': dict(type='BlurPool', filter_size=5),
    'APS, antialias=3': dict(type='APS', antialias=3),
}
#: Where operators are put in a network, by what their configs say.
PLACEMENTS: dict[str, dict[str, Any]] = {name: dict(placement=name) for name in ('after', 'before', 'block')}
TIPS = OPERATORS['TIPS']
STRIDED, STOCK = 'strided 3x3 convolution', 'strided (stock)'
BLUR, LOSSES, RELEASED = 'BlurPool', 'TIPS, with losses', 'TIPS, as released (operations)'
RELEASED_LOSSES = f'{RELEASED}, with losses'


class Candidate(NamedTuple):
    """One row of a benchmark.

    Attributes:
        operator: Config of its operator; None for the host's own, and for what is none of ours.
        build: How to build it.
        losses: What its training step adds to the task, a key of :data:`mmtips.benchmark.tasks.LOSSES`.
    """

    operator: dict[str, Any] | None
    build: Callable[[], nn.Module]
    losses: str = 'task'


def layer(cfg: dict[str, Any], channels: int, stride: int = 2, losses: str = 'task') -> Candidate:
    """An operator alone."""
    return Candidate(cfg, partial(build_downsampler, cfg, channels, stride), losses)


def layers(channels: int) -> dict[str, Candidate]:
    """Every operator alone, with its options, and the released operations."""
    released = partial(ReleasedTIPS, channels)
    return {name: layer(cfg, channels) for name, cfg in (OPERATORS | OPTIONS).items()} | core(channels) | {
        RELEASED: Candidate(None, released), RELEASED_LOSSES: Candidate(None, released, 'released')}


def core(channels: int) -> dict[str, Candidate]:
    """The few for which settings are compared: two operators, the losses, the convolution that has the stride."""
    strided = partial(nn.Conv2d, channels, channels, 3, stride=2, padding=1, bias=False)
    return {name: layer(OPERATORS[name], channels) for name in ('TIPS', 'BlurPool')} | {
        LOSSES: layer(TIPS, channels, losses='tips'), STRIDED: Candidate(None, strided)}


def growing(channels: int, stride: int) -> dict[str, Candidate]:
    """Those whose cost is followed as sizes grow: each of them works channel by channel."""
    return {name: layer(OPERATORS[name], channels, stride) for name in ('TIPS', 'BlurPool', 'StridedConv')}


def network(build: Callable[..., nn.Module], operators: Mapping[str, dict[str, Any]] = OPERATORS
            ) -> dict[str, Candidate]:
    """A network as the host builds it, with every operator, and with TIPS and its losses."""
    rows = {name: Candidate(cfg, partial(build, downsampler=cfg)) for name, cfg in operators.items()}
    return {STOCK: Candidate(None, build)} | rows | {LOSSES: Candidate(TIPS, partial(build, downsampler=TIPS), 'tips')}


def sites() -> dict[str, Candidate]:
    """What the stem convolution of ResNet-50 costs by itself."""
    rows = {STOCK: Candidate(None, networks.resnet50)}
    for name in ('BlurPool', 'TIPS', 'APS'):
        cfg = OPERATORS[name]
        rows[name] = Candidate(cfg, partial(networks.resnet50, downsampler=cfg))
        rows[f'{name}, stem_conv too'] = Candidate(cfg, partial(networks.resnet50, downsampler=cfg,
                                                                sites=dict(stem_conv=cfg)))
    return rows


def placed(operator: str, placement: str) -> str:
    """The name of a row of :func:`placements`."""
    return f'{operator}, {placement}'


def placements() -> dict[str, Candidate]:
    """DeepLabV3+ R50-D8 with every placement of two operators."""
    rows = {STOCK: Candidate(None, networks.deeplabv3plus)}
    for placement, options in PLACEMENTS.items():
        for name in ('BlurPool', 'TIPS'):
            cfg = OPERATORS[name] | options
            rows[placed(name, placement)] = Candidate(cfg, partial(networks.deeplabv3plus, downsampler=cfg))
    return rows
