# Copyright (c) mmtips authors. All rights reserved.
"""What is measured: layers alone, and whole networks with them."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from mmengine.registry import MODELS
from torch import nn

from mmtips.downsampling import build_downsampler

#: Every operator, and the options that change what it costs.
OPERATORS: dict[str, dict[str, Any]] = {
    'TIPS': dict(type='TIPS'),
    "TIPS, scores='phase', taps=4": dict(type='TIPS', scores='phase', taps=4),
    "TIPS, anchor='norm'": dict(type='TIPS', anchor='norm'),
    "TIPS, anchor='learned'": dict(type='TIPS', anchor='learned'),
    'BlurPool': dict(type='BlurPool'),
    'BlurPool, filter_size=5': dict(type='BlurPool', filter_size=5),
    'APS': dict(type='APS'),
    'APS, antialias=3': dict(type='APS', antialias=3),
    'LPS': dict(type='LPS'),
    'DDAC': dict(type='DDAC'),
    'SPDConv': dict(type='SPDConv'),
    'MaxPool': dict(type='MaxPool'),
    'AvgPool': dict(type='AvgPool'),
    'StridedConv': dict(type='StridedConv'),
}


class Candidate(NamedTuple):
    """One row of a benchmark: the config of its operator, None for the host's own, and how to build it."""

    operator: dict[str, Any] | None
    build: Callable[[], nn.Module]


class Suite(NamedTuple):
    """Candidates that are measured on one input, relative to one of them."""

    title: str
    shape: tuple[int, int, int, int]
    reference: str
    candidates: dict[str, Candidate]


def _resnet(**options: Any) -> nn.Module:
    """ResNet-50 of MMPretrain; imported here, because a benchmark of layers needs no host."""
    import mmpretrain.models  # noqa: F401
    kind = 'TIPSResNet' if 'downsampler' in options else 'ResNet'
    return MODELS.build(dict(type=kind, depth=50, _scope_='mmpretrain', **options))


STOCK = {'strided (stock)': Candidate(None, _resnet)}


def _layers() -> dict[str, Candidate]:
    convolution = partial(nn.Conv2d, 64, 64, 3, stride=2, padding=1, bias=False)
    return {name: Candidate(cfg, partial(build_downsampler, cfg, 64)) for name, cfg in OPERATORS.items()} | \
        {'strided 3x3 convolution': Candidate(None, convolution)}


def _networks() -> dict[str, Candidate]:
    return STOCK | {name: Candidate(cfg, partial(_resnet, downsampler=cfg)) for name, cfg in OPERATORS.items()}


def _sites() -> dict[str, Candidate]:
    """What each role costs by itself."""
    rows = STOCK.copy()
    for name in ('BlurPool', 'TIPS', 'APS'):
        cfg = OPERATORS[name]
        rows[f'{name} (default)'] = Candidate(cfg, partial(_resnet, downsampler=cfg))
        rows[f'{name}, stem_conv too'] = Candidate(cfg, partial(_resnet, downsampler=cfg, sites=dict(stem_conv=cfg)))
    return rows


SUITES: dict[str, Callable[[], Suite]] = {
    'layers': lambda: Suite('one layer', (8, 64, 56, 56), 'BlurPool', _layers()),
    'networks': lambda: Suite('ResNet-50', (2, 3, 224, 224), 'strided (stock)', _networks()),
    'sites': lambda: Suite('ResNet-50 by site', (2, 3, 224, 224), 'strided (stock)', _sites()),
}
