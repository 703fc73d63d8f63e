# Copyright (c) mmtips authors. All rights reserved.
"""Shifted views of an image, and where their predictions lie on the image."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtips.evaluation.protocols import ShiftProtocol

#: Where a canvas has no prediction.
UNSEEN = -1


def render_view(image: Tensor, shift: Tensor, protocol: ShiftProtocol) -> Tensor:
    """The view of an image under one shift: its content moved by ``shift``.

    Args:
        image: ``(C, H, W)``.
        shift: ``(2,)`` int64, rows and columns, within the protocol's range, in units of 1/subpixel of a pixel.
        protocol: The protocol.

    Returns:
        ``(C, h, w)`` with ``h, w = protocol.view_size((H, W))``.
    """
    (rows, columns), fraction = _split(shift, protocol)
    if any(fraction):
        image = fourier_shift(image, fraction)
    if protocol.kind.border == 'wrap':
        return image.roll((rows, columns), dims=(-2, -1))
    if protocol.kind.border == 'zeros':  # negative amounts cut off
        return F.pad(image, (columns, -columns, rows, -rows))
    size = (image.shape[-2], image.shape[-1])
    top, left, height, width = _window(protocol, size, rows, columns)
    return image[..., top:top + height, left:left + width]


def place_on_canvas(labels: Tensor, shift: Tensor, protocol: ShiftProtocol, size: tuple[int, int]) -> Tensor:
    """Undo a view's shift by whole pixels: put its predicted labels where they belong on the image.

    Args:
        labels: ``(h, w)`` integer labels predicted for the view.
        shift: ``(2,)`` int64, the view's shift.
        protocol: The protocol.
        size: Height and width (H, W) of the image.

    Returns:
        ``(H, W)``, with :data:`UNSEEN` where the view does not reach, or shows what is not on the image.
    """
    (rows, columns), _ = _split(shift, protocol)
    if protocol.kind.border == 'wrap':
        return labels.roll((-rows, -columns), dims=(-2, -1))
    if protocol.kind.border == 'zeros':
        return F.pad(labels, (-columns, columns, -rows, rows), value=UNSEEN)
    top, left, height, width = _window(protocol, size, rows, columns)
    return F.pad(labels, (left, size[1] - width - left, top, size[0] - height - top), value=UNSEEN)


def undo_fraction(scores: Tensor, shift: Tensor, protocol: ShiftProtocol) -> Tensor:
    """Undo the part of a view's shift that is no whole pixel, on its scores: linear between neighbouring pixels.

    Args:
        scores: ``(K, h, w)``, a score for every class.
        shift: ``(2,)`` int64, the view's shift in units of 1/subpixel of a pixel.
        protocol: The protocol.

    Returns:
        ``(K, h, w)``; the last row and column of views that do not wrap have no further neighbour and stay.
    """
    _, fraction = _split(shift, protocol)
    for dim, part in zip((-2, -1), fraction, strict=True):
        if part:
            after = scores.roll(-1, dim)
            if protocol.kind.border != 'wrap':
                after.narrow(dim, -1, 1).copy_(scores.narrow(dim, -1, 1))
            scores = scores.lerp(after, part)
    return scores


def fourier_shift(image: Tensor, shift: tuple[float, float]) -> Tensor:
    """Move the content of a periodic image by any distance: exact for what is below the Nyquist frequency.

    Shift theorem of the discrete Fourier transform, X(k) exp(-2 pi i k d / n). At the Nyquist frequency of an even side
    the factor's real part is taken, so that the result is real: only there is anything lost.

    Args:
        image: ``(..., H, W)``, floating.
        shift: Rows and columns, in pixels.

    Returns:
        The moved image, of the same shape and dtype.
    """
    spectrum = torch.fft.rfft2(image.float() if image.dtype in (torch.half, torch.bfloat16) else image)
    height, width = image.shape[-2:]
    rows, columns = (frequencies(side, dtype=torch.float64) for frequencies, side in (
        (torch.fft.fftfreq, height), (torch.fft.rfftfreq, width)))
    for frequencies, distance in ((rows[:, None], shift[0]), (columns, shift[1])):
        factor = torch.polar(torch.ones_like(frequencies), -2 * math.pi * distance * frequencies)
        factor = torch.where(frequencies.abs() == 0.5, factor.real + 0j, factor)
        spectrum = spectrum * factor.to(spectrum)
    return torch.fft.irfft2(spectrum, s=(height, width)).to(image.dtype)


def _split(shift: Tensor, protocol: ShiftProtocol) -> tuple[tuple[int, int], tuple[float, float]]:
    """Whole pixels, and what is left of a pixel, of a shift."""
    whole, rest = zip(*(divmod(int(part), protocol.subpixel) for part in shift), strict=True)
    return (whole[0], whole[1]), (rest[0] / protocol.subpixel, rest[1] / protocol.subpixel)


def _window(protocol: ShiftProtocol, size: tuple[int, int], rows: int, columns: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of a crop: one further up shows the content further down."""
    height, width = protocol.view_size(size)
    return (size[0] - height) // 2 - rows, (size[1] - width) // 2 - columns, height, width
