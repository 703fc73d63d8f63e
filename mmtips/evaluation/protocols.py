# Copyright (c) mmtips authors. All rights reserved.
"""The protocols of shift consistency: ours, and those behind published numbers.

A protocol draws the shifts of an image's views and says what enters the view where the image moves away. Everything
happens on the network's grid, after the host's preprocessing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmtips.arguments import check_integer
from mmtips.draws import crop_size, draw_pairs, generator_of


@dataclass(frozen=True)
class Kind:
    """What the name of a protocol stands for.

    Attributes:
        border: ``'crop'``: the view is a crop of the image, which is the larger canvas: nothing is filled in, nothing
            wraps. ``'wrap'``: the image is rolled. ``'zeros'``: what moves in is zero, the mean colour of normalised
            images.
        max_shift: The usual largest shift: in pixels, or as a share of the shorter side if it is below 1.
        pairs: The usual number of pairs.
        anchored: Whether every pair begins with the unshifted view.
        distinct: Whether the two shifts of a pair must differ.
        lowest: The lowest shift, counted from ``-max_shift``; 1 where the published draw leaves the last value out.
        average: What is averaged: ``'pixels'`` of all images alike, or the ratios of the ``'images'``.
        source: Where the protocol is from.
    """

    border: str
    max_shift: int | float
    source: str
    pairs: int = 5
    anchored: bool = False
    distinct: bool = False
    lowest: int = 0
    average: str = 'pixels'


PROTOCOLS = {
    'standard': Kind('crop', 8, 'ours: two crops of one image, compared where they overlap: nothing is filled '
                     'in, nothing wraps', distinct=True),
    'circular': Kind('wrap', 8, 'ours: two rolls of one image, as in APS (CVPR 2021), every pixel compared',
                     distinct=True),
    'zero-fill': Kind('zeros', 0.25, 'TIPS (WACV 2025), released code: two shifts of up to a quarter of the side, '
                      'zeros move in'),
    'lps': Kind('zeros', 32, 'LPS (NeurIPS 2022), released code, mASSC: the unshifted image against five shifts, '
                'zeros move in, mean over images', anchored=True, average='images'),
    'blurpool': Kind('crop', 16, 'BlurPool (ICML 2019), released code: two crops, there of 224 pixels out of 256, '
                     'with corners from 0 to 31', lowest=1),
    'mASSC': Kind('crop', 0.125, 'DDAC (BMVC 2020): two random overlapping crops, mean over images; their size is in '
                  'no released code: each side less a quarter of the shorter one is our choice', average='images'),
}


@dataclass(frozen=True)
class ShiftProtocol:
    """How shift consistency is measured; recorded beside every figure.

    Attributes:
        name: One of :data:`PROTOCOLS`.
        max_shift: Largest shift m in pixels, an integer >= 1, or as a share in (0, 0.5) of the image's shorter side;
            by default the protocol's own. Offsets are uniform in [-m, m] per axis.
        pairs: Pairs of views per image, >= 1; by default the protocol's own.
        seed: Seed of the shifts, drawn for each image by itself.
        size_divisor: The sides of a cropped view are multiples of this.
        subpixel: Offsets are multiples of 1/subpixel of a pixel: 1 for whole pixels.

    Raises:
        ValueError: If an attribute is out of its range.
    """

    name: str
    max_shift: int | float | None = None
    pairs: int | None = None
    seed: int = 0
    size_divisor: int = 1
    subpixel: int = 1

    def __post_init__(self) -> None:
        if self.name not in PROTOCOLS:
            raise ValueError(f'protocol: expected one of {tuple(PROTOCOLS)}, got {self.name!r}')
        for name in ('max_shift', 'pairs'):
            if getattr(self, name) is None:
                object.__setattr__(self, name, getattr(self.kind, name))
        for name in ('pairs', 'size_divisor', 'subpixel'):
            check_integer(name, getattr(self, name), 1)
        if not (isinstance(self.max_shift, float) and 0 < self.max_shift < 0.5):
            check_integer('max_shift', self.max_shift, 1,
                          more=' (pixels) or a share between 0 and 0.5 of the shorter side')

    @property
    def kind(self) -> Kind:
        """What the name stands for."""
        return PROTOCOLS[self.name]

    def reach(self, size: tuple[int, int]) -> int:
        """The largest shift in pixels for an image of ``size``: height and width."""
        if isinstance(self.max_shift, float):
            return max(1, int(self.max_shift * min(size)))
        return int(self.max_shift or 0)

    def view_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of a view of an image.

        Args:
            size: Height and width of the image on the network's grid.

        Returns:
            ``size`` itself for rolled and filled views; for crops the largest that every shift leaves inside the image.

        Raises:
            ValueError: If the shifts are too large for the image: two rolls could coincide, or two crops not overlap.
        """
        reach = self.reach(size)
        if 2 * reach >= min(size):
            raise ValueError(f'max_shift={self.max_shift} is too large for images of {size[0]} x {size[1]} pixels: it '
                             f'has to be below half the shorter side, {min(size) / 2:g}')
        if self.kind.border != 'crop':
            return size
        return crop_size(size, reach, self.size_divisor)


def draw_shifts(protocol: ShiftProtocol, image_index: int, size: tuple[int, int]) -> Tensor:
    """Draw the shifts of one image: the same in every run, on every device, for every batch size.

    Args:
        protocol: The protocol.
        image_index: Index of the image in its data set, >= 0.
        size: Height and width of the image.

    Returns:
        ``(views, 2)`` int64, rows and columns, in units of 1/subpixel of a pixel. With an anchored protocol the
        unshifted view and one for each pair; otherwise the two views of each pair, which are equally likely to be any
        of those allowed.
    """
    reach, unit, kind = protocol.reach(size), protocol.subpixel, protocol.kind
    side = (2 * reach - kind.lowest) * unit + 1
    pairs = int(protocol.pairs or 0)
    drawn = draw_pairs(side**2, pairs, kind.distinct, generator_of(protocol.seed, image_index))
    flat = drawn[:, 0] if kind.anchored else drawn.flatten()
    shifts = torch.stack([flat // side, flat % side], dim=-1) + (kind.lowest - reach) * unit
    return torch.cat([shifts.new_zeros(1, 2), shifts]) if kind.anchored else shifts


def shift_grid(max_shift: int, step: int = 1) -> Tensor:
    """All shifts of a square grid around zero, row by row: ``(G * G, 2)`` int64, ``G = 2 * (max_shift // step) + 1``.

    Args:
        max_shift: Largest shift in pixels, >= 1.
        step: Distance of neighbouring shifts in pixels, from 1 to ``max_shift``.

    Returns:
        The shifts.

    Raises:
        ValueError: If an argument is out of its range.
    """
    check_integer('step', step, 1, check_integer('max_shift', max_shift, 1), ' (max_shift)')
    ticks = torch.arange(-(max_shift // step), max_shift // step + 1) * step
    return torch.cartesian_prod(ticks, ticks)
