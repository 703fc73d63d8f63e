# Copyright (c) mmtips authors. All rights reserved.
"""One look for each operator in all figures, and labels beside what they name instead of a legend."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mmtips.report.evidence.studies import leaders
from mmtips.report.figures.style import COLORS, MARKERS, new_figure
from mmtips.report.schemas import Result

#: Inches, so that a page of 700 pixels shows letters of 8 points 11 pixels high.
WIDTH = 7.3
LETTERS = 8
#: Families by the beginning of the name: a colour each, since more colours than these are not told apart.
BLUE, VERMILION, GREEN, PURPLE, GREY = COLORS[0], COLORS[1], COLORS[2], '#93387C', '#555555'
FAMILIES = {'TIPS': VERMILION, 'BlurPool': BLUE, 'APS': GREEN, 'LPS': GREEN, 'DDAC': PURPLE, 'SPDConv': PURPLE}
#: The first of its family in any study; a marker stays an operator's own when variants join.
FIRST = ('TIPS', 'BlurPool', 'APS', 'LPS', 'DDAC', 'SPDConv', 'stock', 'StridedConv', 'MaxPool', 'AvgPool')

#: Left, bottom, right and top, in pixels.
Box = tuple[float, float, float, float]


def family(name: str) -> str:
    """The colour of an operator's family; grey for the controls and what is not known."""
    return next((colour for start, colour in FAMILIES.items() if name.startswith(start)), GREY)


def looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour and marker of each operator: the colour says the family, the marker who of it.

    Args:
        names: All operators of all studies.

    Returns:
        By name, in the order of their names but those of the registry first.
    """
    found: dict[str, dict[str, Any]] = {}
    taken: dict[str, int] = {}
    for name in leaders(sorted(set(names)), FIRST):
        colour = family(name)
        found[name] = dict(color=colour, marker=MARKERS[taken.get(colour, 0) % len(MARKERS)])
        taken[colour] = taken.get(colour, 0) + 1
    return found


def looks_of(studies: Mapping[str, Result]) -> dict[str, dict[str, Any]]:
    """The looks of all operators of all studies."""
    return looks(row['operator'] for result in studies.values() for row in result['rows'])


def tall(count: int, height: float, columns: int = 1, names: float = 0.1, heading: int = 1) -> tuple[Figure, list[Any]]:
    """A figure of the width of a page, with panels row by row.

    Args:
        count: Panels.
        height: Of a row, in inches.
        columns: In which the panels stand.
        names: Inches to the right of each panel, for names.
        heading: Lines above each panel.

    Returns:
        The figure and its panels.
    """
    rows = -(-count // columns)
    figure = new_figure(WIDTH, rows * height)
    # Placed by hand: a layout engine would measure every letter, several times, and take most of the time.
    figure.set_layout_engine('none')
    below, above = 0.45, 0.12 + 0.16 * heading
    panels = figure.subplots(rows, columns, squeeze=False)
    wide, high = WIDTH / columns, height - below - above
    for place, axes in enumerate(panels.flat):
        left, bottom = place % columns * wide + 0.6, (rows - 1 - place // columns) * height + below
        axes.set_position([left / WIDTH, bottom / (rows * height), (wide - 0.6 - names) / WIDTH,
                           high / (rows * height)])
        axes.set_visible(place < count)
    return figure, list(panels.flat)[:count]


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
        axes: The panel; its limits are set.
        ends: By name where it ends, in data.
        styles: By name with ``color``.
        gap: Between two lines, as a share of the height of the panel.
    """
    low, high = axes.get_ylim()
    heights = spread([(y - low) / (high - low) for _, y in ends.values()], gap)
    # What is pushed beyond an edge moves all back inside.
    excess = max(0., max(heights, default=0) - 1) or min(0., min(heights, default=0))
    for (name, (x, y)), height in zip(ends.items(), heights, strict=True):
        axes.annotate(name, (x, y), xytext=(1.03, height - excess), textcoords='axes fraction', fontsize=LETTERS,
                      color=styles[name]['color'], va='center', annotation_clip=False,
                      arrowprops=dict(arrowstyle='-', color='#BBBBBB', linewidth=0.6, shrinkA=1, shrinkB=3,
                                      relpos=(0, 0.5)))


def label_points(axes: Any, points: Mapping[str, tuple[float, float]], styles: Mapping[str, Mapping[str, Any]],
                 bars: Mapping[str, tuple[float, float]] | None = None) -> None:
    """Write each name where it covers least: near its point, clear of points, bars and of names written before.

    Args:
        axes: The panel; its place is set, and its limits are what they are from now on.
        points: By name, in data.
        styles: By name with ``color``.
        bars: By name how far its error bars reach along either axis, in data.
    """
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    pixels = {name: axes.transData.transform(place) for name, place in points.items()}
    frame, whole, scale = axes.get_window_extent().extents, axes.figure.bbox.size, axes.figure.dpi / 72
    taken = [_around(place, 5 * scale, 5 * scale) for place in pixels.values()]
    for name, reach in (bars or {}).items():
        x, y = np.abs(axes.transData.transform(np.add(points[name], reach)) - pixels[name])
        taken += [_around(pixels[name], x, 2 * scale), _around(pixels[name], 2 * scale, y)]
    for name in sorted(points, key=lambda of: (pixels[of][1], of)):
        width, height = 0.62 * LETTERS * len(name) * scale, 1.15 * LETTERS * scale
        box = min((_box(pixels[name], angle, reach * scale, width, height) for reach in (9, 18, 30, 44, 60, 80)
                   for angle in np.arange(16) * np.pi / 8), key=lambda one: _cost(one, pixels[name], taken, frame))
        taken.append(box)
        axes.annotate(name, points[name], xytext=np.divide((box[0] + width / 2, box[1] + height / 2), whole),
                      textcoords='figure fraction', fontsize=LETTERS, color=styles[name]['color'], ha='center',
                      va='center', zorder=5,
                      arrowprops=dict(arrowstyle='-', color='#BBBBBB', linewidth=0.6, shrinkA=0, shrinkB=3))


def _around(place: Any, x: float, y: float) -> Box:
    """A box of half the sides ``x`` and ``y``."""
    return place[0] - x, place[1] - y, place[0] + x, place[1] + y


def _cost(box: Box, point: Any, taken: Sequence[Box], frame: Any) -> float:
    """What a name in this place would cover, beyond the panel most dearly, and how far it would be from its point."""
    centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    way = [centre + share * (point - centre) for share in (0.35, 0.5, 0.65)]
    crossed = sum(other[0] < x < other[2] and other[1] < y < other[3] for x, y in way for other in taken)
    height, area = box[3] - box[1], (box[2] - box[0]) * (box[3] - box[1])
    cost = sum(_overlap(box, other) for other in taken) + 4 * (area - _overlap(box, frame)) \
        + height * (0.2 * np.hypot(*(centre - point)) + 2 * crossed)
    return round(float(cost), 3)  # equal costs are equal whatever the rounding, and the first place is taken


def _box(point: Any, angle: float, reach: float, width: float, height: float) -> Box:
    """Left, bottom, right and top of a name whose nearest edge is ``reach`` from its point, in a direction."""
    x = point[0] + np.cos(angle) * (reach + width / 2)
    y = point[1] + np.sin(angle) * (reach + height / 2)
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _overlap(one: Any, other: Any) -> float:
    """The area that two boxes share."""
    sides = [min(one[axis + 2], other[axis + 2]) - max(one[axis], other[axis]) for axis in (0, 1)]
    return max(0., sides[0]) * max(0., sides[1])
