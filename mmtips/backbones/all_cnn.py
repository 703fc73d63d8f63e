# Copyright (c) mmtips authors. All rights reserved.
"""All-CNN, the smallest honest test bed for downsampling (Springenberg et al., ICLR workshop 2015, Sec. 3.1)."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.model import BaseModule
from mmengine.registry import MODELS
from torch import Tensor, nn

from mmtips.surgery import convert_downsampling

#: For each base network the kernels of the convolutions before the two reductions (Table 1).
ARCHS = {'A': (5, ), 'B': (5, 1), 'C': (3, 3)}
REDUCTIONS = ('maxpool', 'strided', 'convpool', 'allconv')


@MODELS.register_module()
class AllCNN(BaseModule):
    """Nine convolutions or fewer, ReLU after each, two reductions by 2, and class scores as the last map.

    With ``reduce=dict(type='allconv')`` it is the published All-CNN, with 'strided' and 'convpool' its controls,
    and with an operator the base network whose max pools are exchanged for it. The last 3x3 convolution has no
    padding, as in the published table: maps of 32, 16, 8 and 6 pixels for CIFAR.

    Args:
        arch: ``'A'``, ``'B'`` or ``'C'``.
        reduce: A dict with ``type``: ``'maxpool'`` (the base network: 3x3, stride 2), ``'strided'`` (no pool, the
            convolution before it has the stride), ``'convpool'`` (one more 3x3 convolution before each pool) or
            ``'allconv'`` (a strided 3x3 convolution in place of each pool, the default); or the config of an operator,
            such as ``dict(type='TIPS')``.
        num_classes: Channels of the last map; average it and hand it to a head without weights (``ClsHead``).
        in_channels: Channels of the image.
        dropout: Of the image, and of the map after each reduction.
        init_cfg: As in mmengine.
        width: Channels before the first reduction, half of those behind it; 96 as published.

    Raises:
        ValueError: If ``arch`` is none of these, or ``width`` is no integer >= 1.
        TypeError: If ``reduce`` has no type.
        KeyError: If its type is neither of these nor a registered operator.
    """

    def __init__(self, arch: str = 'C', reduce: Mapping[str, Any] | None = None, num_classes: int = 10,
                 in_channels: int = 3, dropout: tuple[float, float] = (0.2, 0.5),
                 init_cfg: dict[str, Any] | None = None, width: int = 96) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d', nonlinearity='relu'))
        if arch not in ARCHS:
            raise ValueError(f'arch: expected one of {sorted(ARCHS)}, got {arch!r}')
        if not isinstance(width, int) or width < 1:
            raise ValueError(f'width: expected an integer >= 1, got {width!r}')
        reduce = dict(type='allconv') if reduce is None else dict(reduce)
        form = reduce['type'] if reduce.get('type') in REDUCTIONS else 'maxpool'
        self.dropout = nn.Dropout(dropout[0])
        self.stage1 = nn.Sequential(*_stage(in_channels, width, ARCHS[arch], form))
        self.reduce1 = nn.Sequential(*_reduction(width, form), nn.Dropout(dropout[1]))
        self.stage2 = nn.Sequential(*_stage(width, 2 * width, ARCHS[arch], form))
        self.reduce2 = nn.Sequential(*_reduction(2 * width, form), nn.Dropout(dropout[1]))
        self.stage3 = nn.Sequential(*_convolution(2 * width, 2 * width, 3, padding=0),
                                    *_convolution(2 * width, 2 * width, 1),
                                    *_convolution(2 * width, num_classes, 1))
        if reduce.get('type') not in REDUCTIONS:
            convert_downsampling(self, reduce)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """``(N, C, H, W)`` to one map of class scores: ``(N, num_classes, 6, 6)`` for images of 32 pixels."""
        x = self.stage1(self.dropout(x))
        x = self.stage2(self.reduce1(x))
        return (self.stage3(self.reduce2(x)), )


def _convolution(channels: int, outputs: int, kernel: int, stride: int = 1,
                 padding: int | None = None) -> Iterator[nn.Module]:
    yield nn.Conv2d(channels, outputs, kernel, stride, kernel // 2 if padding is None else padding)
    yield nn.ReLU(inplace=True)


def _stage(channels: int, outputs: int, kernels: tuple[int, ...], form: str) -> Iterator[nn.Module]:
    for place, kernel in enumerate(kernels):
        last = place == len(kernels) - 1
        yield from _convolution(channels if place == 0 else outputs, outputs, kernel,
                                2 if last and form == 'strided' else 1)


def _reduction(channels: int, form: str) -> Iterator[nn.Module]:
    if form == 'allconv':
        yield from _convolution(channels, channels, 3, stride=2)
    elif form == 'convpool':
        yield from _convolution(channels, channels, 3)
    if form in ('maxpool', 'convpool'):
        yield nn.MaxPool2d(3, 2, padding=1)
