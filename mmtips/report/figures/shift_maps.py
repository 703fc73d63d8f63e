# Copyright (c) mmtips authors. All rights reserved.
"""Consistency for every shift of a grid, one map for each model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mmtips.report.figures.style import NARROW, SMALL, TEXT, WIDE, new_figure, said
from mmtips.report.schemas import Result


def mapped(results: Sequence[Result]) -> list[Result]:
    """The results that have a shift map."""
    return [result for result in results if result['shift_map'] is not None]


def shifted(result: Result) -> np.ndarray:
    """The map without the picture that is not shifted, which agrees with itself: ``(n, n)``, NaN there."""
    shifts = result['shift_map']['shifts']
    values = np.array(result['shift_map']['overall'], dtype=float)
    if 0 in shifts:
        values[shifts.index(0), shifts.index(0)] = np.nan
    return values


def shift_map_figure(results: Sequence[Result], width: float = WIDE) -> Figure:
    """Draw the shift maps side by side, all on one scale.

    Args:
        results: Those without a map are passed over; at least one has one.
        width: Of the figure, in inches.

    Returns:
        The figure. Down is a shift downwards, right a shift to the right; the centre, no shift, is left out of the
        scale and white.
    """
    shown = mapped(results)
    columns = min(len(shown), 2 if width <= NARROW else 4)
    rows = -(-len(shown) // columns)
    side = min(width / columns, 3.2)
    figure = new_figure(width if columns * side > 0.8 * width else columns * side + 0.4, rows * (side + 0.2) + 0.65)
    maps = [shifted(result) for result in shown]
    scale = Normalize(min(map(np.nanmin, maps)), max(map(np.nanmax, maps)))
    axes = figure.subplots(rows, columns, squeeze=False)
    for place, result, values in zip(axes.flat, shown, maps, strict=False):
        shifts = result['shift_map']['shifts']
        edges = [shift - result['shift_map']['step'] / 2 for shift in shifts] + [
            shifts[-1] + result['shift_map']['step'] / 2]
        picture = place.pcolormesh(edges, edges, values, norm=scale, cmap='cividis', rasterized=True)
        place.set_aspect('equal')
        place.invert_yaxis()
        ticks = sorted({shifts[0], 0, shifts[-1]} | ({shifts[0] // 2, shifts[-1] // 2} if side > 2 else set()))
        place.set_xticks(ticks)
        place.set_yticks(ticks)
        place.tick_params(labelsize=SMALL, color='#999999')
        place.set_frame_on(False)
        place.set_title(said(result['name'], int(9 * side)), loc='left', fontsize=TEXT)
    for place in list(axes.flat)[len(shown):]:
        place.set_axis_off()
    axes[0, 0].set_ylabel('down, px', fontsize=SMALL)
    axes[-1, 0].set_xlabel('right, px', fontsize=SMALL)
    bar: Any = figure.colorbar(picture, ax=axes, orientation='horizontal', shrink=min(1, 3 / width), aspect=28,
                               pad=0.02)
    bar.set_label('consistency, %', fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)
    return figure


def shift_map_text(results: Sequence[Result]) -> str:
    """Say what the maps show."""
    parts = []
    for result in mapped(results):
        values, shifts = shifted(result), result['shift_map']['shifts']
        row, column = np.unravel_index(np.nanargmin(values), values.shape)
        parts.append(f"{result['name']} lies between {np.nanmin(values):.1f} and {np.nanmax(values):.1f} %, lowest for "
                     f'{shifts[row]} px down and {shifts[column]} px to the right')
    return f"Heat maps of consistency over the shift, one for each model: {'; '.join(parts)}."
