# Copyright (c) mmtips authors. All rights reserved.
"""One look for each operator in all figures, and panels of one width."""

from collections.abc import Iterable, Mapping
from typing import Any

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


def family(name: str) -> str:
    """The colour of an operator's family; grey for the controls and what is not known."""
    return next((colour for start, colour in FAMILIES.items() if name.startswith(start)), GREY)


def looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour and marker of each operator: the colour says the family, the marker who of it.

    Args:
        names: All operators; those that come first have the markers of their own.

    Returns:
        By name, in their order but those of the registry first.
    """
    found: dict[str, dict[str, Any]] = {}
    taken: dict[str, int] = {}
    for name in leaders(list(dict.fromkeys(names)), FIRST):
        colour = family(name)
        found[name] = dict(color=colour, marker=MARKERS[taken.get(colour, 0) % len(MARKERS)])
        taken[colour] = taken.get(colour, 0) + 1
    return found


def looks_of(studies: Mapping[str, Result]) -> dict[str, dict[str, Any]]:
    """The looks of all operators of all studies, the final runs before the others."""
    return looks(name for study in leaders(list(studies), ['final']) for name in
                 sorted({row['operator'] for row in studies[study]['rows']}))


def room(names: Iterable[str]) -> float:
    """Inches that the longest of some names takes beside a panel, with the line to it."""
    return 0.35 + 0.62 * LETTERS / 72 * max(map(len, names), default=0)


def tall(count: int, height: float, columns: int = 1, names: float = 0.1, heading: int = 1,
         margin: float = 0.) -> tuple[Figure, list[Any]]:
    """A figure of the width of a page, with panels row by row.

    Args:
        count: Panels.
        height: Of a row, in inches.
        columns: In which the panels stand.
        names: Inches to the right of each panel, for names.
        heading: Lines above each panel.
        margin: Inches to the right of a row of panels.

    Returns:
        The figure and its panels.
    """
    rows = -(-count // columns)
    figure = new_figure(WIDTH, rows * height)
    # Placed by hand: a layout engine would measure every letter, several times, and take most of the time.
    figure.set_layout_engine('none')
    below, above = 0.45, 0.12 + 0.16 * heading
    panels = figure.subplots(rows, columns, squeeze=False)
    wide, high = (WIDTH - margin) / columns, height - below - above
    for place, axes in enumerate(panels.flat):
        left, bottom = place % columns * wide + 0.6, (rows - 1 - place // columns) * height + below
        axes.set_position([left / WIDTH, bottom / (rows * height), (wide - 0.6 - names) / WIDTH,
                           high / (rows * height)])
        axes.set_visible(place < count)
    return figure, list(panels.flat)[:count]
