# Copyright (c) mmtips authors. All rights reserved.
"""The figure of the correlation study."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.lines import Line2D

from mmtips.report.figures.style import new_figure, rendered
from mmtips.report.files import write_kept
from mmtips.report.schemas import Result

SUFFIXES = ('.png', '.svg')
MARKERS = 'osD^vP*X<>'


def check_figure(path: Path) -> Path:
    """Return ``path``, or raise a ValueError if its suffix is none of :data:`SUFFIXES`."""
    if path.suffix not in SUFFIXES:
        raise ValueError(f'figure: expected a file that ends in one of {SUFFIXES}, got {path}')
    return path


def write_scatter(result: Result, path: Path) -> None:
    """Draw bias against consistency: a colour for each operator, a marker for each architecture.

    Args:
        result: A result of kind ``'correlation'``.
        path: ``.png`` or ``.svg``.

    Raises:
        ValueError: If it is neither.
    """
    check_figure(path)
    cells = result['cells']
    operators = list(dict.fromkeys(cell['operator'] for cell in cells))
    configs = list(dict.fromkeys(Path(cell['config']).stem for cell in cells))
    colours = dict(zip(operators, _colours(len(operators)), strict=True))
    markers = {config: MARKERS[number % len(MARKERS)] for number, config in enumerate(configs)}
    figure = new_figure(9, 5.5)
    axes = figure.add_subplot()
    for cell in cells:
        of, colour = cell['consistency'], colours[cell['operator']]
        spread = [[of['value'] - of['low']], [of['high'] - of['value']]]
        axes.errorbar(cell['bias'], of['value'], spread, fmt=markers[Path(cell['config']).stem], color=colour,
                      markersize=8, elinewidth=1, markeredgecolor='black', markeredgewidth=.5)
    axes.set_xlabel(f"maximum-sampling bias, {result['form']} form, mean over sites")
    axes.set_ylabel(f"{result['protocol']['name']} shift consistency, {result['row']} (%)")
    axes.set_title(' · '.join(f"{name} {of['value']:.2f} [{of['low']:.2f}, {of['high']:.2f}]" for name, of in
                              (('Pearson', result['pearson']), ('Spearman', result['spearman'])))
                   + f' · {len(cells)} cells', fontsize=10)
    axes.grid(alpha=.3)
    figure.legend(handles=[*_keys('operator', {name: ('s', colour) for name, colour in colours.items()}),
                           *_keys('architecture (config)', {_broken(name): (marker, 'grey')
                                                            for name, marker in markers.items()})],
                  loc='outside right upper', fontsize=8)
    write_kept(rendered(figure, path.suffix[1:]), path)


def _colours(count: int) -> Sequence[tuple[float, ...]]:
    palette = matplotlib.colormaps['tab10' if count <= 10 else 'tab20']
    return [palette(number % palette.N) for number in range(count)]


def _keys(heading: str, of: Mapping[str, tuple[str, Any]]) -> list[Line2D]:
    """A part of the legend: two legends of their own would not share the margin."""
    return [Line2D([], [], linestyle='', label=f'{heading}:'),
            *(Line2D([], [], marker=marker, linestyle='', color=colour, markeredgecolor='black', markeredgewidth=.5,
                     label=name) for name, (marker, colour) in of.items())]


def _broken(name: str) -> str:
    parts = name.split('_')
    return '_\n'.join(filter(None, ('_'.join(parts[:2]), '_'.join(parts[2:]))))
