# Copyright (c) mmtips authors. All rights reserved.
"""Put the maps of a segmentor right again after its operators have kept phases that differ from image to image.

An operator that keeps phase (i, j) moves its map: pixel m of a map of total stride T lies at pixel ``T m + o`` of the
image, where every operator on the way adds ``(stride before it) * (i, j)`` to the offset o. Two moves suffice, whatever
the decoder does in between: each map that the backbone hands over is rolled by whole pixels into the frame of its
deepest map, so that all of them lie as in a network of fixed phases; and the logits, enlarged to the image, are rolled
by the offset of that frame. The decoder never sees that phases differ. What such a move brings in from beyond the
border is the other side of the map in a model that is padded circularly, in any other the outermost row or column.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmtips.downsampling import Downsampler, PhaseSelector
from mmtips.downsampling.choosers import SharedChoice
from mmtips.inspection.strided import strided_modules


@dataclass
class Trail:
    """The phases that were kept in one forward, and what follows from them.

    Attributes:
        border: What maps bring in from beyond their border, see :func:`move_each`.
        size: Height and width of the image.
        offsets: For each stride on the way the offset of its maps, ``(N, 2)`` int64, rows and columns.
    """

    border: str = 'wrap'
    size: tuple[int, int] = (0, 0)
    offsets: dict[int, Tensor] = field(default_factory=dict)

    def begin(self, image: Tensor) -> None:
        """Start anew with an image ``(N, C, H, W)``."""
        self.size = (int(image.shape[-2]), int(image.shape[-1]))  # a trace gives tensors for sizes
        self.offsets = {1: torch.zeros(image.shape[0], 2, dtype=torch.long, device=image.device)}

    def add(self, stride: int, weights: Tensor) -> None:
        """Note the phase of the next operator; of soft weights, the largest."""
        before = max(self.offsets)
        phase = weights.argmax(-1)
        step = torch.stack([phase // stride, phase % stride], dim=1)
        self.offsets[before * stride] = self.offsets[before] + before * step

    def align(self, feature: Tensor) -> Tensor:
        """Move a map of the backbone, ``(N, C, h, w)``, into the frame of the deepest one."""
        sides = tuple(map(int, feature.shape[-2:]))
        stride = self.size[0] // sides[0]
        if stride not in self.offsets or sides != tuple(side // stride for side in self.size):
            raise ValueError(f'alignment: images of {self.size} and maps of {sides} pixels do not '
                             f'fit strides of {list(self.offsets)}: choose sizes that are multiples of '
                             f'{max(self.offsets)}')
        return move_each(feature, (self.offsets[stride] - self.offsets[max(self.offsets)]) // stride, self.border)

    def restore(self, logits: Tensor) -> Tensor:
        """Enlarge logits ``(N, K, h, w)`` to the image and move them into its frame."""
        logits = F.interpolate(logits, self.size, mode='bilinear', align_corners=False)
        return move_each(logits, self.offsets[max(self.offsets)], self.border)


def move_each(x: Tensor, amounts: Tensor, border: str = 'wrap') -> Tensor:
    """Move every sample by an amount of its own.

    Args:
        x: ``(N, C, H, W)``.
        amounts: ``(N, 2)`` int64, rows and columns.
        border: What comes in: ``'wrap'``, the other side, so that the map is rolled; or ``'replicate'``, the outermost
            row or column again.

    Returns:
        ``(N, C, H, W)``: ``out[n, :, i, j] = x[n, :, i - amounts[n, 0], j - amounts[n, 1]]``, modulo the size, or at
        the nearest place that there is.
    """
    n, c, h, w = x.shape
    rows, columns = (torch.arange(side, device=x.device) - amount
                     for side, amount in ((h, amounts[:, :1]), (w, amounts[:, 1:])))
    rows, columns = (rows % h, columns % w) if border == 'wrap' else (rows.clamp(0, h - 1), columns.clamp(0, w - 1))
    x = x.gather(2, rows[:, None, :, None].expand(n, c, h, w))
    return x.gather(3, columns[:, None, None, :].expand(n, c, h, w))


def equivariant_operators(backbone: nn.Module) -> list[Any]:
    """The operators of a backbone in which they alone divide the resolution, and move with the input.

    Args:
        backbone: A converted backbone.

    Returns:
        Its operators, in the order of its modules.

    Raises:
        ValueError: If it has none, or some that are not equivariant, or strides of its own.
    """
    name = type(backbone).__name__
    operators = [module for module in backbone.modules() if isinstance(module, Downsampler)]
    if not operators or not all(isinstance(module, PhaseSelector) and module.guarantee == 'equivariant'
                                for module in operators):
        raise ValueError(f'{name} has operators that are not equivariant: use APS, LPS or TIPS with an anchor, padded '
                         'circularly')
    left = list(strided_modules(backbone))
    if left:
        raise ValueError(f'{name} has strides of its own at {left}: convert all of them, a strided stem convolution '
                         "with sites=dict(stem_conv=dict(type='APS')), say")
    return operators


def align_decoder(segmentor: nn.Module) -> Trail:
    """Make a segmentor undo the phases that its backbone keeps, in place.

    With operators that are equivariant and circular padding (:func:`convert_padding`, before) its predictions then move
    exactly with the image, for sizes that are multiples of the total stride; with any other padding they do so but for
    what the border does. Its heads return logits of the size of the image.

    Args:
        segmentor: An ``EncoderDecoder`` of mmseg, its backbone converted at every stride.

    Returns:
        The trail that every forward leaves.

    Raises:
        ValueError: If the backbone selects no phase, or has strides that do not, or a head aligns corners.
    """
    backbone: Any = segmentor.backbone
    operators = equivariant_operators(backbone)
    if hasattr(backbone, 'trail'):
        raise ValueError(f'{type(segmentor).__name__} has been aligned before')
    if isinstance(segmentor.decode_head, nn.ModuleList):
        raise ValueError(f'{type(segmentor).__name__}: a head that refines the logits of another one would get them '
                         'enlarged: only segmentors with one decode head can be aligned')
    heads: list[Any] = [module for module in segmentor.modules() if hasattr(module, 'conv_seg')]
    # Some heads have scores of their parts beside those of the whole, with a loss for each.
    scores: list[Any] = [child for head in heads for name, child in head.named_children() if name.endswith('conv_seg')]
    if any(getattr(head, 'align_corners', False) for head in heads):
        raise ValueError('align_corners=True does not move with the image: set it to False in the heads')
    trail = Trail('wrap' if hasattr(segmentor, 'circular_resizes') else 'replicate')
    for module in operators:
        if not isinstance(module.chooser, SharedChoice):
            module.listeners.append(_Note(trail, module.stride))
    backbone.trail = trail
    backbone.register_forward_pre_hook(_begin)
    if hasattr(backbone, 'decoder'):  # a U-Net: its maps meet inside, each skip before a block of the decoder
        for block in backbone.decoder:
            block.trail = trail
            block.register_forward_pre_hook(_align_skip)
    else:
        backbone.register_forward_hook(_align_maps)
    for layer in scores:
        layer.trail = trail
        layer.register_forward_hook(_restore)
    return trail


@dataclass
class _Note:
    """Tells the trail what an operator chose."""

    trail: Trail
    stride: int

    def __call__(self, weights: Tensor) -> None:
        self.trail.add(self.stride, weights)


# Hooks that know nothing but their module: copies of the model run on a trail of their own.


def _begin(backbone: Any, args: tuple[Tensor, ...]) -> None:
    backbone.trail.begin(args[0])


def _align_maps(backbone: Any, args: Any, maps: Any) -> Any:  # noqa: ARG001
    return tuple(map(backbone.trail.align, maps))


def _align_skip(block: Any, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (block.trail.align(args[0]), *args[1:])


def _restore(conv_seg: Any, args: Any, logits: Tensor) -> Tensor:  # noqa: ARG001
    return conv_seg.trail.restore(logits)
