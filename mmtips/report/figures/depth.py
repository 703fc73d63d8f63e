# Copyright (c) mmtips authors. All rights reserved.
"""Maximum-sampling bias and aliasing of the downsampling sites, from the image to the head."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmtips.report.figures.style import NARROW, SMALL, WIDE, add_legend, calm, legend_height, look, new_figure
from mmtips.report.schemas import Result

#: What is drawn, by its name in a result.
QUANTITIES = {'selection': 'outputs that are the maximum', 'weight': 'weight on the maximum',
              'aliasing': 'power above the new Nyquist limit'}


def sampled(results: Sequence[Result]) -> list[Result]:
    """The results whose downsampling sites were measured."""
    return [result for result in results if result['sampling'] is not None and result['sampling']['sites']]


def drawn(results: Sequence[Result]) -> list[str]:
    """The quantities that any site has."""
    return [key for key in QUANTITIES if any(site[key] is not None for result in sampled(results)
                                             for site in result['sampling']['sites'])]


def depth_figure(results: Sequence[Result], width: float = WIDE) -> Figure:
    """Draw what every downsampling site does, by depth.

    Args:
        results: Those without measured sites are passed over; at least one has some.
        width: Of the figure, in inches.

    Returns:
        The figure: a panel for each quantity, the first site on the left.
    """
    shown, keys = sampled(results), drawn(results)
    names = [result['name'] for result in shown]
    columns = 1 if width <= NARROW else len(keys)
    rows = -(-len(keys) // columns)
    figure = new_figure(width, 2.3 * rows + legend_height(names, width))
    handles: list[Any] = []
    for axes, key in zip(figure.subplots(rows, columns, squeeze=False).flat, keys, strict=True):
        handles = []
        for index, result in enumerate(shown):
            points = [(number, site[key]) for number, site in enumerate(result['sampling']['sites'], 1)
                      if site[key] is not None]
            handles += axes.plot([x for x, _ in points], [y for _, y in points], markersize=4.5, linewidth=1.4,
                                 **look(index))
        calm(axes, QUANTITIES[key])
        axes.set_ylim(0, None if key == 'aliasing' else 1.04)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel('downsampling site, from the image on', fontsize=SMALL)
    add_legend(figure, handles, names)
    return figure


def depth_text(results: Sequence[Result]) -> str:
    """Say what the curves show."""
    parts = []
    for result in sampled(results):
        for key in drawn(results):
            values = [site[key] for site in result['sampling']['sites'] if site[key] is not None]
            if values:
                parts.append(f"{result['name']}, {QUANTITIES[key]}: {values[0]:.2f} at the first site, "
                             f'{values[-1]:.2f} at the last')
    return f"Curves over the depth of the downsampling sites: {'; '.join(parts)}."
