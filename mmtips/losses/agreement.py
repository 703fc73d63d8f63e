# Copyright (c) mmtips authors. All rights reserved.
"""Agreement of the predictions of shifted views: to train for what shift consistency measures. Ours, for any operator.

It is consistency regularisation (Sajjadi et al., NeurIPS 2016, Sec. 3.1, where outputs under random transformations are
drawn together) with shifts as the transformation, and a divergence of distributions in place of squared differences.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from torch import Tensor

from mmtips.downsampling import functional
from mmtips.draws import crop_size, draw_pairs

#: How images can be continued: as pixels that were seen, which have a label.
CONTINUATIONS = ('reflect', 'replicate', 'circular')


class Crops(NamedTuple):
    """Two crops of one size.

    Attributes:
        first: Top and left of one, in pixels.
        second: Top and left of the other.
        size: Height and width of both.
    """

    first: tuple[int, int]
    second: tuple[int, int]
    size: tuple[int, int]


def draw_crops(size: tuple[int, int], max_shift: int, generator: torch.Generator, size_divisor: int = 1) -> Crops:
    """Draw two different crops, shifted by up to ``max_shift`` pixels from the centre, as the protocol ``'standard'``.

    Args:
        size: Height and width of the images.
        max_shift: Largest shift m in pixels, >= 1; offsets are uniform in [-m, m] on each side.
        generator: Source of the draw.
        size_divisor: The sides of a crop are multiples of this.

    Returns:
        The crops, the largest that leave that room.

    Raises:
        ValueError: If two such crops need not overlap.
    """
    side = 2 * max_shift + 1
    one, other = draw_pairs(side**2, 1, True, generator)[0].tolist()
    return Crops(divmod(one, side), divmod(other, side), crop_size(size, max_shift, size_divisor))


def crop_pair(images: Tensor, crops: Crops) -> Tensor:
    """Both crops of every image: ``(N, C, H, W)`` to ``(2N, C, h, w)``, all first ones before all second ones."""
    height, width = crops.size
    return torch.cat([images[..., top:top + height, left:left + width] for top, left in (crops.first, crops.second)])


def extend_batch(images: Tensor, samples: Sequence[Any], reach: int, padding_mode: str) -> tuple[Tensor, list[Any]]:
    """Continue images over their border, so that crops of them can be as large as they were.

    What belongs to pixels is continued likewise: pixels without a label would be the alternative, with which mmseg's
    cross entropy fails where classes have weights.

    Args:
        images: ``(N, C, H, W)``.
        samples: Their data samples, of either host.
        reach: By how many pixels on each side, >= 1.
        padding_mode: One of :data:`CONTINUATIONS`.

    Returns:
        The images, ``(N, C, H + 2 * reach, W + 2 * reach)``, and N new samples.

    Raises:
        ValueError: If an image has too few pixels to be continued so.
    """
    def extend(value: PixelData) -> PixelData:
        # Torch does not reflect integers; in float64 labels stay what they are.
        return PixelData(**{name: functional.pad_border(data.double()[None], reach, reach, padding_mode)[0].to(data)
                            for name, data in value.items()})

    extended = functional.pad_border(images, reach, reach, padding_mode)
    size = (extended.shape[-2], extended.shape[-1])
    return extended, [_change_pixels(sample, size, extend) for sample in samples]


def crop_samples(samples: Sequence[Any], crops: Crops) -> list[Any]:
    """The data samples of :func:`crop_pair`: what belongs to pixels is cropped, what belongs to images stays.

    Args:
        samples: The N data samples of a batch, of either host.
        crops: Where the crops lie.

    Returns:
        2N new samples, all first ones before all second ones.
    """
    def crop(place: tuple[int, int], value: PixelData) -> PixelData:
        (top, left), (height, width) = place, crops.size
        return value[top:top + height, left:left + width]

    return [_change_pixels(sample, crops.size, partial(crop, place)) for place in (crops.first, crops.second)
            for sample in samples]


def _change_pixels(sample: Any, size: tuple[int, int], change: Callable[[PixelData], PixelData]) -> Any:
    """A new sample of another size, of which everything that belongs to pixels is changed."""
    shapes = {name: size for name in ('img_shape', 'pad_shape') if name in sample.metainfo}
    changed = sample.new(metainfo=dict(sample.metainfo, **shapes))
    for name, value in sample.all_items():
        if isinstance(value, PixelData):
            setattr(changed, name, change(value))
    return changed


def crop_overlap(maps: Tensor, crops: Crops) -> tuple[Tensor, Tensor]:
    """What two crops see of the same place.

    Args:
        maps: Of both crops of N images, ``(2N, K, h, w)``.
        crops: Where they lie.

    Returns:
        ``(N, K, u, v)`` of the first crops and of the second: position (i, j) of both is the same pixel of the image.
    """
    parts = []
    for own, other, part in ((crops.first, crops.second, 0), (crops.second, crops.first, 1)):
        top, left = (max(0, there - here) for here, there in zip(own, other, strict=True))
        rows, columns = (side - abs(here - there) for side, here, there in zip(crops.size, own, other, strict=True))
        parts.append(maps.chunk(2)[part][..., top:top + rows, left:left + columns])
    return parts[0], parts[1]


def agreement_loss(first: Tensor, second: Tensor) -> Tensor:
    """How far two predictions are apart: half the sum of both Kullback-Leibler divergences, a mean over positions.

    Args:
        first: Logits, ``(N, K, ...)``; with K = 1 those of a sigmoid.
        second: Logits of the same shape.

    Returns:
        A scalar >= 0, float32 or float64; 0 for equal distributions.
    """
    first, second = (_log_probabilities(of) for of in (first, second))
    return ((first.exp() - second.exp()) * (first - second)).sum(1).mean() / 2


def _log_probabilities(logits: Tensor) -> Tensor:
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if logits.shape[1] == 1:  # a softmax with a constant beside it is the sigmoid
        logits = torch.cat([logits, torch.zeros_like(logits)], dim=1)
    return logits.log_softmax(1)


def views_agreement(logits: Tensor, crops: Crops, align_corners: bool = False) -> Tensor:
    """:func:`agreement_loss` of a model's output for both crops of some images.

    Args:
        logits: ``(2N, K)`` of a classifier, or ``(2N, K, h, w)`` of a segmentor at a resolution of its own.
        crops: What it saw.
        align_corners: How the segmentor's logits are enlarged to the size of the crops.

    Returns:
        A scalar; for segmentors the mean over the pixels that both crops show.

    Raises:
        TypeError: If ``logits`` are neither.
    """
    if not isinstance(logits, Tensor) or logits.dim() not in (2, 4):
        got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise TypeError(f'agreement of shifted views: expected logits of the shape (N, K) or (N, K, h, w), got {got}')
    if logits.dim() == 2:
        first, second = logits.chunk(2)
    else:
        enlarged = F.interpolate(logits, crops.size, mode='bilinear', align_corners=align_corners)
        first, second = crop_overlap(enlarged, crops)
    return agreement_loss(first, second)
