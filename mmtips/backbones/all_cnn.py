# Copyright (c) mmtips authors. All rights reserved.
"""All-CNN, the smallest honest test bed for downsampling (Springenberg et al., ICLR workshop 2015, Sec. 3.1)."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from mmengine.model import BaseModule
from mmengine.registry import MODELS
from torch import Tensor, nn

from mmtips.arguments import check_integer
from mmtips.surgery import convert_downsampling

#: For each base network the kernels of the convolutions before the two reductions (Table 1).
ARCHS = {'A': (5, ), 'B': (5, 1), 'C': (3, 3)}
#: A convolution with what follows it, from channels, outputs and kernel.
Convolutions = Callable[..., Iterator[nn.Module]]
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
        norm_cfg: Config of a normalisation between every convolution and its ReLU; none as published, which is slow to
            begin to learn: behind a filter that takes from the signal it may not begin at all.

    Raises:
        ValueError: If ``arch`` is none of these, or ``width`` is no integer >= 1.
        TypeError: If ``reduce`` has no type.
        KeyError: If its type is neither of these nor a registered operator.
    """

    def __init__(self, arch: str = 'C', reduce: Mapping[str, Any] | None = None, num_classes: int = 10,
                 in_channels: int = 3, dropout: tuple[float, float] = (0.2, 0.5),
                 init_cfg: dict[str, Any] | None = None, width: int = 96,
                 norm_cfg: dict[str, Any] | None = None) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d', nonlinearity='relu'))
        if arch not in ARCHS:
            raise ValueError(f'arch: expected one of {sorted(ARCHS)}, got {arch!r}')
        check_integer('width', width, 1)
        reduce = dict(type='allconv') if reduce is None else dict(reduce)
        named = reduce.get('type') in REDUCTIONS
        form = reduce['type'] if named else 'maxpool'
        if named and len(reduce) > 1:
            raise ValueError(f"reduce: expected type={form!r} and no options, got {reduce}: set _delete_=True to "
                             'replace an operator of a base config')
        convolutions = partial(_convolution, norm_cfg=norm_cfg)
        self.dropout = nn.Dropout(dropout[0])
        self.stage1 = nn.Sequential(*_stage(convolutions, in_channels, width, ARCHS[arch], form))
        self.reduce1 = nn.Sequential(*_reduction(convolutions, width, form), nn.Dropout(dropout[1]))
        self.stage2 = nn.Sequential(*_stage(convolutions, width, 2 * width, ARCHS[arch], form))
        self.reduce2 = nn.Sequential(*_reduction(convolutions, 2 * width, form), nn.Dropout(dropout[1]))
        self.stage3 = nn.Sequential(*convolutions(2 * width, 2 * width, 3, padding=0),
                                    *convolutions(2 * width, 2 * width, 1),
                                    *convolutions(2 * width, num_classes, 1))
        if not named:
            convert_downsampling(self, reduce)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """``(N, C, H, W)`` to one map of class scores: ``(N, num_classes, 6, 6)`` for images of 32 pixels."""
        x = self.stage1(self.dropout(x))
        x = self.stage2(self.reduce1(x))
        return (self.stage3(self.reduce2(x)), )


def _convolution(channels: int, outputs: int, kernel: int, stride: int = 1, padding: int | None = None,
                 norm_cfg: dict[str, Any] | None = None) -> Iterator[nn.Module]:
    yield nn.Conv2d(channels, outputs, kernel, stride, kernel // 2 if padding is None else padding)
    if norm_cfg is not None:
        from mmcv.cnn import build_norm_layer
        yield build_norm_layer(norm_cfg, outputs)[1]
    yield nn.ReLU(inplace=True)


def _stage(convolutions: Convolutions, channels: int, outputs: int, kernels: tuple[int, ...],
           form: str) -> Iterator[nn.Module]:
    for place, kernel in enumerate(kernels):
        last = place == len(kernels) - 1
        yield from convolutions(channels if place == 0 else outputs, outputs, kernel,
                                2 if last and form == 'strided' else 1)


def _reduction(convolutions: Convolutions, channels: int, form: str) -> Iterator[nn.Module]:
    if form == 'allconv':
        yield from convolutions(channels, channels, 3, stride=2)
    elif form == 'convpool':
        yield from convolutions(channels, channels, 3)
    if form in ('maxpool', 'convpool'):
        yield nn.MaxPool2d(3, 2, padding=1)
