# Copyright (c) mmtips authors. All rights reserved.
"""Names beside what they name, instead of a legend that has to be looked up."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from mmtips.report.evidence.looks import LETTERS

#: Where a name may stand: six distances in points, of sixteen directions each.
REACHES = np.repeat([9., 18., 30., 44., 60., 80.], 16)[:, None]
WAYS = np.tile(np.stack([np.cos(np.arange(16) * np.pi / 8), np.sin(np.arange(16) * np.pi / 8)], 1), (6, 1))


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Move places apart so that neighbours are at least ``gap`` from each other, as little as is needed.

    Runs of places that would touch are set side by side around their common mean.

    Args:
        places: In any order.
        gap: At least 0.

    Returns:
        The new places, in the order of the arguments; their order in space is kept.
    """
    order = sorted(range(len(places)), key=lambda index: (places[index], index))
    groups: list[tuple[float, int]] = []  # mean of the wishes, members
    for index in order:
        groups.append((places[index], 1))
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (second, many), (first, few) = groups.pop(), groups.pop()
            groups.append(((first * few + second * many) / (few + many), few + many))
    moved = [mean + gap * (number - (members - 1) / 2) for mean, members in groups for number in range(members)]
    return [moved[order.index(index)] for index in range(len(places))]


def label_ends(axes: Any, ends: Mapping[str, tuple[float, float]], styles: Mapping[str, Mapping[str, Any]],
               gap: float) -> None:
    """Write names to the right of the panel, each at the height of what it names, with a thin line to it.

    Args:
        axes: The panel; its limits are what they are from now on.
        ends: By name where it ends, in data.
        styles: By name with ``color``.
        gap: Between two lines, as a share of the height of the panel.
    """
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    to_panel = axes.transData + axes.transAxes.inverted()
    places = [to_panel.transform(end) for end in ends.values()]
    heights = spread([y for _, y in places], gap)
    # What is pushed beyond an edge moves all back inside.
    excess = max(0., max(heights, default=0) - 1) or min(0., min(heights, default=0))
    for name, (x, y), height in zip(ends, places, heights, strict=True):
        axes.text(1.03, height - excess, name, fontsize=LETTERS, color=styles[name]['color'], va='center',
                  transform=axes.transAxes)
        _line(axes, (x + 0.008, 1.025), (y, height - excess), axes.transAxes)


def label_points(axes: Any, points: Mapping[str, tuple[float, float]], styles: Mapping[str, Mapping[str, Any]],
                 bars: Mapping[str, tuple[float, float]] | None = None, names: Iterable[str] | None = None) -> None:
    """Write each name where it covers least: near its point, clear of points, bars and of names written before.

    Args:
        axes: The panel; its place is set, and its limits are what they are from now on.
        points: By name, in data.
        styles: By name with ``color``.
        bars: By name how far its error bars reach along either axis, in data.
        names: Which are written; all if not given. The other points are kept clear too.
    """
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    pixels = {name: axes.transData.transform(place) for name, place in points.items()}
    whole, scale = axes.figure.bbox.size, axes.figure.dpi / 72
    taken = [_around(place, 5 * scale, 5 * scale) for place in pixels.values()]
    for name, reach in (bars or {}).items():
        x, y = np.abs(axes.transData.transform(np.add(points[name], reach)) - pixels[name])
        taken += [_around(pixels[name], x, 2 * scale), _around(pixels[name], 2 * scale, y)]
    for name in sorted(points if names is None else names, key=lambda of: (pixels[of][1], of)):
        half = np.array([0.62 * LETTERS * len(name), 1.15 * LETTERS]) * scale / 2
        centres = pixels[name] + WAYS * (half + REACHES * scale)
        costs = _costs(centres, half, pixels[name], np.array(taken), axes.get_window_extent().extents)
        centre = centres[np.argmin(costs)]
        taken.append(_around(centre, *half))
        axes.text(*centre / whole, name, fontsize=LETTERS, color=styles[name]['color'], ha='center', va='center',
                  zorder=5, transform=axes.figure.transFigure)
        ends = np.array([np.clip(pixels[name], centre - half, centre + half), pixels[name]]) / whole
        _line(axes, ends[:, 0], ends[:, 1], axes.figure.transFigure)


def _line(axes: Any, x: Any, y: Any, transform: Any) -> None:
    """A thin line from a name to what it names."""
    axes.add_artist(Line2D(x, y, color='#BBBBBB', linewidth=0.6, transform=transform, clip_on=False, zorder=1.5))


def _around(place: Any, x: float, y: float) -> np.ndarray:
    """Left, bottom, right and top of a box of half the sides ``x`` and ``y``."""
    return np.array([place[0] - x, place[1] - y, place[0] + x, place[1] + y])


def _costs(centres: np.ndarray, half: np.ndarray, point: np.ndarray, taken: np.ndarray, frame: Any) -> np.ndarray:
    """What a name would cover in each place, beyond the panel most dearly, and how far it would be from its point.

    Args:
        centres: The places, ``(K, 2)`` in pixels, as all that follows.
        half: Half the sides of the name, ``(2,)``.
        point: What it names, ``(2,)``.
        taken: Boxes that should not be covered, ``(T, 4)``.
        frame: The panel's box.

    Returns:
        ``(K,)``, rounded, so that equal costs are equal on any machine and the first place is taken.
    """
    boxes, area = np.concatenate([centres - half, centres + half], 1), 4 * half[0] * half[1]
    way = centres[:, None] + np.array([0.35, 0.5, 0.65])[:, None] * (point - centres)[:, None]  # K, 3, 2
    inside = (way[:, :, None] > taken[:, :2]) & (way[:, :, None] < taken[:, 2:])
    crossed = inside.all(-1).sum((1, 2))
    covered = _overlaps(boxes, taken).sum(1) + 4 * (area - _overlaps(boxes, np.array([frame]))[:, 0])
    return np.round(covered + 2 * half[1] * (0.2 * np.hypot(*(centres - point).T) + 2 * crossed), 3)


def _overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The areas that ``(K, 4)`` and ``(T, 4)`` boxes share, ``(K, T)``."""
    low, high = np.maximum(boxes[:, None, :2], others[:, :2]), np.minimum(boxes[:, None, 2:], others[:, 2:])
    return np.clip(high - low, 0, None).prod(-1)
