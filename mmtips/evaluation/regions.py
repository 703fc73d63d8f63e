# Copyright (c) mmtips authors. All rights reserved.
"""The ground truth of an image, and the parts of it that are counted by themselves."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Classes:
    """What the labels of a data set mean.

    Attributes:
        names: Names of the K classes.
        background: The class that is no foreground; None if there is none.
        ignore_index: Label of pixels without a ground truth.
        border: Width d of the band along ground-truth borders, in pixels on each side, >= 1.
    """

    names: tuple[str, ...]
    background: int | None = None
    ignore_index: int = 255
    border: int = 3


@dataclass(frozen=True)
class Regions:
    """The ground truth of one image and the parts of it that are counted by themselves.

    Attributes:
        labels: ``(H, W)`` integers.
        known: ``(H, W)`` bool, where the ground truth is a class.
        foreground: Of these, where it is not the background class; nowhere if there is no such class.
        border: Of these, within ``Classes.border`` pixels (rows or columns) of a pixel with another label.
    """

    labels: Tensor
    known: Tensor
    foreground: Tensor
    border: Tensor


def find_regions(truth: Tensor | None, classes: Classes, size: tuple[int, int] = (1, 1),
                 device: torch.device | None = None) -> Regions:
    """Divide an image by its ground truth.

    Args:
        truth: ``(H, W)`` integer labels; None if there are none: then nothing is known.
        classes: What they mean.
        size: Height and width where ``truth`` is None.
        device: Where the regions are wanted: that of the predictions.

    Returns:
        The regions.
    """
    if truth is None:
        nowhere = torch.zeros(size, dtype=torch.bool, device=device)
        return Regions(nowhere.long(), nowhere, nowhere, nowhere)
    truth = truth.to(device)
    known = (truth >= 0) & (truth < len(classes.names))  # the hosts' metrics pass over any other label too
    if truth.numel() > 1:  # an image as a whole has a class of any number, 255 too
        known &= truth != classes.ignore_index
    foreground = known & (truth != classes.background) if classes.background is not None else torch.zeros_like(known)
    labels, around = truth[None].float(), 2 * classes.border + 1
    highest = F.max_pool2d(labels.where(known, -torch.inf), around, 1, classes.border)
    lowest = -F.max_pool2d((-labels).where(known, -torch.inf), around, 1, classes.border)
    return Regions(truth, known, foreground, known & (highest != lowest)[0])
