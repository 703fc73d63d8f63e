# Copyright (c) mmtips authors. All rights reserved.
"""Shift consistency from aligned predictions: count per image, add up, divide once.

A count is a pair (hits, total). The counts of one image form a table ``(4 + K, 2)`` with K classes, whose rows are
named by :func:`count_names`; the counts of a data set are the tables stacked to ``(images, 4 + K, 2)``. Classification
is the case of a 1 x 1 map, and its tables have no rows of classes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmtips.evaluation.regions import Regions
from mmtips.evaluation.views import UNSEEN

#: Bootstrap samples that are drawn at a time.
BLOCK = 50
ROWS = ('overall', 'foreground', 'border', 'joint')


def count_names(classes: Sequence[str]) -> list[str]:
    """Names of the rows of a table of counts.

    * ``overall``: pixels that both views see; a hit where both predict the same label.
    * ``foreground``: of these, the pixels whose ground truth is not the background class.
    * ``border``: of these, the pixels near a border of the ground truth.
    * ``joint``: of these, the pixels with a ground truth; a hit where both views are equal *and* correct.
    * ``class/<name>``: pixels that either view calls the class; a hit where both do. Of an image with a ground truth
      only the pixels that have one.

    Args:
        classes: Names of the K classes.

    Returns:
        4 + K names.
    """
    return [*ROWS, *(f'class/{name}' for name in classes)]


def count_agreement(first: Tensor, second: Tensor, regions: Regions, num_classes: int) -> Tensor:
    """Count where two aligned predictions of one image agree.

    Args:
        first: ``(H, W)`` integer labels, ``UNSEEN`` (-1) where the view does not reach.
        second: ``(H, W)``, the other view.
        regions: The ground truth.
        num_classes: K.

    Returns:
        ``(4 + K, 2)`` float64, see :func:`count_names`; ``(4, 2)`` for maps of 1 x 1.

    Raises:
        ValueError: If the maps differ in shape, or a label is none of the classes.
    """
    if not first.shape == second.shape == regions.labels.shape:
        raise ValueError('first, second and truth: expected maps of one shape, got '
                         f'{tuple(first.shape)}, {tuple(second.shape)} and {tuple(regions.labels.shape)}')
    seen = (first != UNSEEN) & (second != UNSEEN)
    equal = seen & (first == second)
    rows = [(equal & part, seen & part) for part in (seen, regions.foreground, regions.border)]
    rows.append((equal & regions.known & (first == regions.labels), seen & regions.known))
    counts = torch.tensor([[int(hits.sum()), int(total.sum())] for hits, total in rows], dtype=torch.float64)
    highest = int(torch.maximum(first, second).max())
    if highest >= num_classes:
        raise ValueError(f'the model predicts label {highest}, and the data set names {num_classes} classes: does the '
                         'config of the model belong to this data set?')
    if first.shape == (1, 1):
        return counts
    counted = seen & regions.known if regions.known.any() else seen
    both = torch.bincount(first[equal & counted].flatten(), minlength=num_classes)
    either = sum(torch.bincount(view[counted].flatten(), minlength=num_classes) for view in (first, second)) - both
    return torch.cat([counts, torch.stack([both, either], dim=1).double().cpu()])


def as_ratios(counts: Tensor) -> Tensor:
    """Counts of which each weighs the same, however many pixels it has: ``(..., 2)``, (hits / total, 1) or (0, 0)."""
    counted = counts[..., 1:] > 0
    share = (counts[..., :1] / counts[..., 1:]).where(counted, 0)
    return torch.cat([share, counted.to(share)], dim=-1)


def ratios(counts: Tensor) -> Tensor:
    """Percentages from counts.

    Args:
        counts: ``(..., rows, 2)``.

    Returns:
        ``(..., rows)`` float64, in [0, 100]; nan where the total is 0.
    """
    return 100 * counts[..., 0] / counts[..., 1]


def bootstrap_interval(counts: Tensor, resamples: int = 1000, level: float = 0.95, seed: int = 0) -> Tensor:
    """Percentile bootstrap interval over images: images are drawn with replacement, their counts added up and divided.

    Args:
        counts: ``(images, rows, 2)``.
        resamples: Bootstrap samples, >= 1.
        level: Coverage, in (0, 1).
        seed: Seed of the resampling.

    Returns:
        ``(rows, 2)`` float64: lower and upper percentage; nan where a row has no total at all.

    Raises:
        ValueError: If there is no image, or ``level`` is out of its range.
    """
    if counts.shape[0] == 0:
        raise ValueError('counts: expected at least one image, got none')
    if not 0 < level < 1:
        raise ValueError(f'level: expected a number between 0 and 1, got {level!r}')
    images = counts.shape[0]
    generator = torch.Generator().manual_seed(seed)
    flat, samples = counts.double().flatten(1), []
    for start in range(0, resamples, BLOCK):  # a few resamples at a time: memory does not grow with their number
        block = min(BLOCK, resamples - start)
        drawn = torch.randint(images, (block, images), generator=generator)
        times = torch.zeros(block, images, dtype=torch.float64).scatter_add_(1, drawn, torch.ones_like(drawn).double())
        samples.append(ratios((times @ flat).unflatten(1, counts.shape[1:])))
    edges = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)
    return torch.cat(samples).nanquantile(edges, dim=0).T


def fidelity(accuracy: float, consistency: float) -> float:
    """Shift fidelity as the TIPS tables publish it: the product accuracy x consistency.

    It is no measurement per image; the joint measure (equal *and* correct) is, and is reported beside it.

    Args:
        accuracy: Percent, accuracy or mIoU.
        consistency: Percent.

    Returns:
        Percent.
    """
    return accuracy * consistency / 100
