# Copyright (c) mmtips authors. All rights reserved.
"""What is measured: each measure counts on one image at a time, and summarises the counts of all images.

Counts are tensors of one shape for every image, so that images can be measured by any process, written down, and
stacked; nothing else is kept. A measure that leaves an image out counts None.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from mmtips.arguments import check_integer
from mmtips.evaluation.bias import bias_table
from mmtips.evaluation.consistency import ROWS, as_ratios, bootstrap_interval, count_agreement, count_names, ratios
from mmtips.evaluation.probe import SamplingProbe
from mmtips.evaluation.protocols import ShiftProtocol, draw_shifts, shift_grid
from mmtips.evaluation.regions import Classes, Regions, find_regions
from mmtips.evaluation.subject import Subject

#: ``value``, ``low`` and ``high`` in percent.
Estimate = dict[str, float]


class Measure(Protocol):
    """What the shift loops ask of a measure."""

    #: The key of its counts and of its summary.
    name: str
    #: What its counts are counts of, where only the images tell: tensors, strings, numbers and containers of them.
    known: Any

    def count(self, subject: Subject) -> Tensor | None:
        """The counts of one image, or None if it is left out."""

    def summary(self, counts: Tensor) -> dict[str, Any]:
        """What the counts ``(images, ...)`` of all images say, ready for JSON."""


class Consistency:
    """Shift consistency under one protocol.

    Args:
        protocol: The protocol.
        classes: What the labels mean.
        resamples: Bootstrap samples.
    """

    def __init__(self, protocol: ShiftProtocol, classes: Classes, resamples: int = 1000) -> None:
        self.name, self.known = protocol.name, None
        self.protocol, self.classes, self.resamples = protocol, classes, resamples

    def count(self, subject: Subject) -> Tensor:
        """A table ``(4 + K, 2)``, or ``(4, 2)`` for classification, see :func:`count_names`."""
        shifts = draw_shifts(self.protocol, subject.index, subject.size)
        pairs = compared(subject.predictions(shifts, self.protocol), self.protocol.kind.anchored)
        tables = [agreement(subject, first, second, self.classes) for first, second in pairs]
        if self.protocol.kind.average == 'images':
            tables = [as_ratios(table) for table in tables]
        return torch.stack(tables).sum(0)

    def summary(self, counts: Tensor) -> dict[str, Estimate]:
        """An estimate for every row that something was counted for."""
        names = count_names(self.classes.names)[:counts.shape[1]]  # tables of classifiers end before the classes
        return estimates(counts, names, self.resamples)


class ShiftMap:
    """Consistency with the unshifted view for every shift of a grid, and the worst of them for every image.

    Args:
        protocol: Name of the protocol that says how views are made.
        classes: What the labels mean.
        max_shift: Largest shift in pixels.
        step: Distance of neighbouring shifts in pixels.
        images: Of how many of the first images the map is made: the cost is one view for each shift.
        size_divisor: Sides of cropped views are multiples of it.
        resamples: Bootstrap samples.

    Raises:
        ValueError: If an argument is out of its range.
    """

    name = 'map'
    known = None

    def __init__(self, protocol: str, classes: Classes, max_shift: int, step: int = 1, images: int = 16,
                 size_divisor: int = 1, resamples: int = 1000) -> None:
        self.protocol = ShiftProtocol(protocol, max_shift=max_shift, pairs=1, size_divisor=size_divisor)
        self.shifts = shift_grid(max_shift, step)
        self.images = check_integer('shift_map: images', images, 1)
        self.step, self.classes, self.resamples = step, classes, resamples

    def count(self, subject: Subject) -> Tensor | None:
        """A table ``(G * G, 4, 2)``: for each shift the rows of :func:`count_names` without the classes."""
        if subject.index >= self.images:
            return None
        shifts = torch.cat([torch.zeros(1, 2, dtype=torch.long), self.shifts])
        pairs = compared(subject.predictions(shifts, self.protocol), anchored=True)
        return torch.stack([agreement(subject, first, second, self.classes)[:len(ROWS)] for first, second in pairs])

    def summary(self, counts: Tensor) -> dict[str, Any]:
        """The map over all images, and the worst case: for each image the lowest ratio over the grid, then the mean."""
        ticks = self.shifts[:, 1].unique().tolist()
        overall = ratios(counts.sum(0))[:, 0].view(len(ticks), len(ticks))
        kept = {row: counts[:, :, ROWS.index(row)] for row in ('overall', 'joint')}
        worst = torch.stack([as_ratios(of).amin(1) for of in kept.values()], dim=1)
        return dict(protocol=self.protocol.name, max_shift=self.protocol.max_shift, step=self.step, images=len(counts),
                    size_divisor=self.protocol.size_divisor, shifts=ticks, overall=overall.tolist(),
                    worst=estimates(worst, list(kept), self.resamples))


class Sampling:
    """Sampling bias and aliasing of every site that divides the resolution, see :class:`SamplingProbe`.

    Args:
        images: Of how many of the first images, >= 1.

    Raises:
        ValueError: If ``images`` is out of its range.
    """

    name = 'sampling'

    def __init__(self, images: int) -> None:
        self.images = check_integer('sampling_images', images, 1)
        #: The sites, in the order in which the model runs them.
        self.known: list[dict[str, Any]] | None = None

    def count(self, subject: Subject) -> Tensor | None:
        """A table ``(sites, 3, 2)``: for each site selection, weight and aliasing."""
        if subject.index >= self.images:
            return None
        with SamplingProbe(subject.model) as probe:
            for _ in subject.predictions(torch.zeros(1, 2, dtype=torch.long), ShiftProtocol('circular', 1, 1)):
                pass
        self.known = probe.sites
        return probe.counts

    def summary(self, counts: Tensor) -> dict[str, Any]:
        """The sites with their figures, each in [0, 1] or None."""
        return dict(images=len(counts), sites=bias_table(self.known or [], counts.sum(0)))


class GroundTruth:
    """Which classes the ground truth shows: one that no image has is absent, not 0 or 100 percent.

    Args:
        classes: What the labels mean.
    """

    name = 'truth'
    known = None

    def __init__(self, classes: Classes) -> None:
        self.classes = classes

    def count(self, subject: Subject) -> Tensor:
        """Whether the image has each class ``(K,)``, uint8."""
        known = subject.regions.labels[subject.regions.known]
        return (torch.bincount(known.flatten(), minlength=len(self.classes.names)) > 0).to(torch.uint8).cpu()

    def summary(self, counts: Tensor) -> dict[str, list[str]]:
        """The names of the classes that are ``absent``; without any ground truth nothing is known to be."""
        shown = counts.amax(0).tolist()
        return dict(absent=[name for name, there in zip(self.classes.names, shown, strict=True) if not there]
                    if any(shown) else [])


def compared(predictions: Iterator[Tensor], anchored: bool) -> Iterator[tuple[Tensor, Tensor]]:
    """The pairs of predictions that are compared, in order.

    Args:
        predictions: Label maps.
        anchored: Whether the first is compared with each of the others, instead of two and two.

    Yields:
        The first and the second of every pair.
    """
    for first in predictions:
        if not anchored:
            yield first, next(predictions)
        else:
            yield from ((first, second) for second in predictions)


def agreement(subject: Subject, first: Tensor, second: Tensor, classes: Classes) -> Tensor:
    """The table of counts of one pair; see :func:`count_agreement`."""
    regions: Regions = subject.regions
    if first.shape != regions.labels.shape:  # a classifier, and no ground truth
        regions = find_regions(None, classes, device=first.device)
    return count_agreement(first, second, regions, len(classes.names))


def estimates(counts: Tensor, names: Sequence[str], resamples: int) -> dict[str, Estimate]:
    """Percentages with 95 % bootstrap intervals over images.

    Args:
        counts: ``(images, rows, 2)``.
        names: Names of the rows.
        resamples: Bootstrap samples.

    Returns:
        An estimate for every row that something was counted for.
    """
    values, intervals = ratios(counts.sum(0)).tolist(), bootstrap_interval(counts, resamples).tolist()
    return {name: dict(value=value, low=low, high=high)
            for name, value, (low, high) in zip(names, values, intervals, strict=True) if value == value}
