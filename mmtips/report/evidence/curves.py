# Copyright (c) mmtips authors. All rights reserved.
"""Figures over the training: validation scores, and how far the phase weights are from equal."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from mmtips.report.evidence.checks import LAST
from mmtips.report.evidence.labels import label_ends
from mmtips.report.evidence.looks import LETTERS, looks_of, room, tall
from mmtips.report.evidence.measures import Row
from mmtips.report.evidence.studies import PUBLISHED, Cells, comparable, is_tips
from mmtips.report.figures.style import calm
from mmtips.report.schemas import Result

Curve = list[tuple[int, float]]
#: Light to dark for early to late layers: one hue, so that the order can be seen without colour.
EARLY, LATE = (0.96, 0.62, 0.35), (0.35, 0.13, 0.0)


def mean_curve(curves: Sequence[Sequence[Sequence[float]]]) -> Curve:
    """The mean over seeds, at the iterations that all curves have."""
    tables = [{int(at): float(value) for at, value in curve} for curve in curves]
    common = sorted(set.intersection(*(set(table) for table in tables))) if tables else []
    return [(at, math.fsum(table[at] for table in tables) / len(tables)) for at in common]


def curve_figure(studies: Mapping[str, Result]) -> Figure:
    """Validation scores over the training, a panel for each setting: means over seeds, the last quarter shaded.

    Args:
        studies: With ``'final'``.

    Returns:
        The figure.
    """
    settings, styles = comparable(studies['final']), looks_of(studies)
    figure, panels = tall(len(settings), 3.2, names=room(name for cells in settings.values() for name in cells))
    for axes, (setting, cells) in zip(panels, settings.items(), strict=True):
        ends: dict[str, tuple[float, float]] = {}
        last = max(row['iterations'] for of in cells.values() for row in of.values())
        axes.axvspan((1 - LAST) * last, last, color='#F1F1F1', linewidth=0)
        for name, of in cells.items():
            curve = mean_curve([row['curve'] for row in of.values()])
            if curve:
                axes.plot([at for at, _ in curve], [100 * value for _, value in curve], linewidth=1.1, markersize=4,
                          **styles[name])
                ends[name] = (curve[-1][0], 100 * curve[-1][1])
        calm(axes, f'{setting}: validation score (%), mean over seeds; grey: the last quarter')
        axes.set_xlabel('iteration', fontsize=LETTERS)
        label_ends(axes, ends, styles, 0.05)
    return figure


def tau_cells(result: Result) -> list[tuple[str, str, Cells]]:
    """TIPS as published in every setting, then its other forms in the first that has them."""
    found = [(setting, name, {name: of}) for setting, cells in comparable(result).items() for name, of in cells.items()
             if is_tips(of) and any(row['tau'] for row in of.values())]
    first: dict[str, str] = {}
    for setting, name, _ in found:
        first.setdefault(name, setting)
    return [of for of in found if of[1] == PUBLISHED] + [of for of in found if of[1] != PUBLISHED and
                                                         first[of[1]] == of[0]]


def layer_curves(rows: Sequence[Row]) -> dict[str, Curve]:
    """The mean largest phase weight over seeds by layer, in the order of the layers, under names that differ."""
    layers = list(dict.fromkeys(layer for row in rows for layer in row['tau']))
    return {layer: mean_curve([row['tau'][layer] for row in rows if layer in row['tau']]) for layer in layers}


def short_names(layers: Sequence[str]) -> list[str]:
    """Paths of operators by the module that they are at, without the beginning and the end that all of them share."""
    paths = [layer.split('.') for layer in layers]
    at = [path[:-1] if len(path) > 1 and path[-1] in ('downsampler', 'pool') else path for path in paths]
    paths = [short if at.count(short) == 1 else path for path, short in zip(paths, at, strict=True)]
    while len(paths) > 1 and all(len(path) > 1 and path[0] == paths[0][0] and not path[1].isdigit() for path in paths):
        paths = [path[1:] for path in paths]
    while len(paths) > 1 and all(len(path) > 1 and path[-1] == paths[0][-1] for path in paths):
        paths = [path[:-1] for path in paths]
    return ['.'.join(path) for path in paths]


def tau_figure(studies: Mapping[str, Result]) -> Figure:
    """The mean largest phase weight over the training: a panel for each of :func:`tau_cells`, a line for each layer.

    Args:
        studies: With ``'final'``, of which some rows have ``tau``.

    Returns:
        The figure.
    """
    found = tau_cells(studies['final'])
    longest = room(name for _, _, cells in found for of in cells.values() for name in
                   short_names(list(layer_curves(list(of.values())))))
    figure, panels = tall(len(found), 2.4, 2, names=longest, heading=2)
    for axes, (setting, name, cells) in zip(panels, found, strict=True):
        _tau_panel(axes, f'{name}\n{setting}', list(cells[name].values()))
    return figure


def _tau_panel(axes: Any, title: str, rows: Sequence[Row]) -> None:
    curves = {layer: curve for layer, curve in layer_curves(rows).items() if curve}
    names = short_names(list(curves))
    ends, styles = {}, {}
    for place, (name, curve) in enumerate(zip(names, curves.values(), strict=True)):
        share = place / max(1, len(names) - 1)
        colour = tuple(early + share * (late - early) for early, late in zip(EARLY, LATE, strict=True))
        axes.plot([at for at, _ in curve], [value for _, value in curve], color=colour, linewidth=1.2)
        ends[name], styles[name] = (float(curve[-1][0]), curve[-1][1]), dict(color=colour)
    axes.set_ylim(0, 1.02)
    calm(axes, title)
    axes.set_xlabel('iteration', fontsize=LETTERS)
    axes.set_ylabel('mean largest weight', fontsize=LETTERS)
    label_ends(axes, ends, styles, 0.075)
