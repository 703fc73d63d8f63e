# Copyright (c) mmtips authors. All rights reserved.
"""Shifted views of an image, and where their predictions lie on the image.

Everything happens on the network's grid, after the host's preprocessing. A protocol says how a view is made:

* ``'circular'``: the image is rolled; nothing enters or leaves it.
* ``'standard'``: the view is a crop of the image, which is the larger canvas: nothing is filled in, nothing wraps.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

PROTOCOLS = ('standard', 'circular')
#: Where a canvas has no prediction.
UNSEEN = -1


@dataclass(frozen=True)
class ShiftProtocol:
    """How shift consistency is measured; recorded beside every figure.

    Attributes:
        name: ``'standard'`` or ``'circular'``.
        max_shift: Largest shift m in pixels, >= 1: offsets are whole pixels, uniform in [-m, m] per axis.
        pairs: Pairs of views per image, >= 1; the two shifts of a pair differ.
        seed: Seed of the shifts, drawn for each image by itself.
        size_divisor: The sides of a standard view are multiples of this.

    Raises:
        ValueError: If an attribute is out of its range.
    """

    name: str
    max_shift: int = 8
    pairs: int = 5
    seed: int = 0
    size_divisor: int = 1

    def __post_init__(self) -> None:
        if self.name not in PROTOCOLS:
            raise ValueError(f'protocol: expected one of {PROTOCOLS}, got {self.name!r}')
        for name in ('max_shift', 'pairs', 'size_divisor'):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f'{name}: expected an integer >= 1, got {value!r}')

    def view_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of a view of an image.

        Args:
            size: Height and width of the image on the network's grid.

        Returns:
            ``size`` itself for circular views; otherwise the largest crop that every shift leaves inside the image.

        Raises:
            ValueError: If the shifts are too large for the image: two rolls could coincide, or two crops not overlap.
        """
        if 2 * self.max_shift >= min(size):
            raise ValueError(f'max_shift={self.max_shift} is too large for images of {size[0]} x {size[1]} pixels: it '
                             f'has to be below half the shorter side, {min(size) / 2:g}')
        if self.name == 'circular':
            return size
        height, width = ((side - 2 * self.max_shift) // self.size_divisor * self.size_divisor for side in size)
        if min(height, width) <= 2 * self.max_shift:
            raise ValueError(f'max_shift={self.max_shift} leaves standard views of {height} x {width} pixels of images '
                             f'of {size[0]} x {size[1]}, and two of them need not overlap: lower max_shift'
                             + (f' or size_divisor={self.size_divisor}' if self.size_divisor > 1 else ''))
        return height, width


def draw_shift_pairs(protocol: ShiftProtocol, image_index: int) -> Tensor:
    """Draw the shifts of one image: the same in every run, on every device, for every batch size.

    Args:
        protocol: The protocol.
        image_index: Index of the image in its data set, >= 0.

    Returns:
        ``(pairs, 2, 2)`` int64, (pair, view, rows and columns), in [-m, m]. The two views of a pair never have the
        same shift, and every other combination is equally likely.
    """
    reach = 2 * protocol.max_shift + 1
    generator = torch.Generator().manual_seed(protocol.seed * 1_000_003 + image_index)
    first = torch.randint(reach**2, (protocol.pairs, ), generator=generator)
    step = torch.randint(1, reach**2, (protocol.pairs, ), generator=generator)
    flat = torch.stack([first, (first + step) % reach**2], dim=1)
    return torch.stack([flat // reach, flat % reach], dim=-1) - protocol.max_shift


def render_view(image: Tensor, shift: Tensor, protocol: ShiftProtocol) -> Tensor:
    """The view of an image under one shift: its content moved by ``shift``.

    Args:
        image: ``(C, H, W)``.
        shift: ``(2,)`` int64, rows and columns, within the protocol's range.
        protocol: The protocol.

    Returns:
        ``(C, h, w)`` with ``h, w = protocol.view_size((H, W))``.
    """
    rows, columns = int(shift[0]), int(shift[1])
    if protocol.name == 'circular':
        return image.roll((rows, columns), dims=(-2, -1))
    height, width = protocol.view_size((image.shape[-2], image.shape[-1]))
    top, left = _corner((image.shape[-2], image.shape[-1]), (height, width), rows, columns)
    return image[..., top:top + height, left:left + width]


def place_on_canvas(labels: Tensor, shift: Tensor, protocol: ShiftProtocol, size: tuple[int, int]) -> Tensor:
    """Undo a view's shift: put its predicted labels where they belong on the image.

    Args:
        labels: ``(h, w)`` integer labels predicted for the view.
        shift: ``(2,)`` int64, the view's shift.
        protocol: The protocol.
        size: Height and width (H, W) of the image.

    Returns:
        ``(H, W)``, with :data:`UNSEEN` where the view does not reach.
    """
    rows, columns = int(shift[0]), int(shift[1])
    if protocol.name == 'circular':
        return labels.roll((-rows, -columns), dims=(-2, -1))
    canvas = labels.new_full(size, UNSEEN)
    top, left = _corner(size, (labels.shape[0], labels.shape[1]), rows, columns)
    canvas[top:top + labels.shape[0], left:left + labels.shape[1]] = labels
    return canvas


def _corner(size: tuple[int, int], view: tuple[int, int], rows: int, columns: int) -> tuple[int, int]:
    # A crop further up shows the content further down.
    return (size[0] - view[0]) // 2 - rows, (size[1] - view[1]) // 2 - columns
