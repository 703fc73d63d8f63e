# Copyright (c) mmtips authors. All rights reserved.
"""Consistency of each class as bars."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mmtips.report.columns import protocols
from mmtips.report.figures.style import (
    COLORS,
    HATCHES,
    NARROW,
    SMALL,
    WIDE,
    add_legend,
    calm,
    legend_height,
    new_figure,
)
from mmtips.report.schemas import Result

#: More bars than that cannot be read; the table has them all.
MOST = 30


def class_protocol(results: Sequence[Result]) -> str | None:
    """The protocol whose classes are drawn: ``standard``, or the first that has any."""
    having = [name for name in protocols(results) for result in results
              if result['shift'].get(name, {}).get('per_class')]
    return 'standard' if 'standard' in having else next(iter(having), None)


def class_estimates(results: Sequence[Result]) -> tuple[list[str], list[dict[str, Any]]]:
    """The classes that are drawn, the least consistent first, and the estimates of each result that has any."""
    protocol = class_protocol(results)
    estimates = [result['shift'].get(protocol, {}).get('per_class', {}) for result in results]
    names = dict.fromkeys(name for of in estimates for name in of)
    means = {name: np.mean([of[name]['value'] for of in estimates if name in of]) for name in names}
    return sorted(means, key=lambda name: means[name])[:MOST], estimates


def class_figure(results: Sequence[Result], width: float = WIDE) -> Figure:
    """Draw the consistency of each class, with its interval, a bar for each model.

    Args:
        results: At least one of which has estimates by class.
        width: Of the figure, in inches.

    Returns:
        The figure: the classes that flicker most on top, at most 30 of them.
    """
    classes, estimates = class_estimates(results)
    names = [result['name'] for result, of in zip(results, estimates, strict=True) if of]
    shown = [of for of in estimates if of]
    thick = 0.8 / len(shown)
    height = len(classes) * max(0.24, 0.11 * len(shown) + 0.08)
    figure = new_figure(width, height + 0.6 + legend_height(names, width))
    axes = figure.subplots()
    handles: list[Any] = []
    for index, of in enumerate(shown):
        places = [row + (index - (len(shown) - 1) / 2) * thick for row, name in enumerate(classes) if name in of]
        chosen = [of[name] for name in classes if name in of]
        ends = [[one['value'] - one['low'] for one in chosen], [one['high'] - one['value'] for one in chosen]]
        handles.append(axes.barh(
            places, [one['value'] for one in chosen], 0.88 * thick, color=COLORS[index % len(COLORS)],
            hatch=HATCHES[index // len(COLORS) % len(HATCHES)], edgecolor='white', linewidth=0,
            xerr=np.maximum(ends, 0), error_kw=dict(ecolor='#222222', elinewidth=0.8)))
    letters = 16 if width <= NARROW else 36
    short = (name if len(name) <= letters else f'{name[:letters - 1]}…' for name in classes)
    axes.set_yticks(range(len(classes)), [name.replace('$', r'\$') for name in short])
    axes.set_ylim(len(classes) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    calm(axes, grid='x')
    axes.tick_params(axis='y', length=0)
    axes.set_xlabel(f'consistency, {class_protocol(results)}, %', fontsize=SMALL)
    add_legend(figure, handles, names)
    return figure


def class_text(results: Sequence[Result]) -> str:
    """Say what the bars show."""
    classes, estimates = class_estimates(results)
    parts = []
    for result, of in zip(results, estimates, strict=True):
        if of:
            low, high = (choose(of, key=lambda name: of[name]['value']) for choose in (min, max))
            parts.append(f"{result['name']} flickers most on {low} ({of[low]['value']:.1f} %) and least on {high} "
                         f"({of[high]['value']:.1f} %)")
    return f"Bars of the consistency of {len(classes)} classes: {'; '.join(parts)}."
