# Copyright (c) mmtips authors. All rights reserved.
"""Show what a network does to the resolution: as a table, as JSON, and as a figure of the way from pixels to logits."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

from mmtips.inspection import Change, Description
from mmtips.report.tables import aligned
from mmtips.version import __version__

HEADINGS = ('module', 'kind', 'k', 's', 'p', 'd', 'in', 'out', 'dropped', 'unread', 'step', 'field', 'offset', 'params',
            'MMACs', 'im2col', 'indirect', '')
LEGEND = (
    'dropped: rows and columns that no window reaches, (i + 2p - k) mod s; unread: share of the pixels that no window '
    'reads; step: cumulative stride; field: receptive field; offset: of the sampling grid from the centre of its cell; '
    'all three in pixels of the image. im2col and indirect: MB that lowering a convolution to a matrix product copies, '
    'or points to.')


def _pair(values: tuple[float, float]) -> str:
    """One number where both agree, else ``rows x columns``."""
    texts = ['all' if math.isinf(value) else f'{value:.4g}' for value in values]
    return texts[0] if texts[0] == texts[1] else ' x '.join(texts)


def _megabytes(count: int) -> str:
    return f'{count / 1e6:.2g}' if count else ''


def _verdict(change: Change) -> str:
    if change.aliases:
        return f'! {change.aliases}'
    return f'guarantee: {change.guarantee}' if change.guarantee else ''


def _row(change: Change) -> list[str]:
    return [change.path or '(forward)', change.kind, *(_pair(values) for values in (
        change.kernel, change.stride, change.padding, change.dilation)), *(
            ' x '.join(map(str, size)) for size in (change.size_in, change.size_out)), _pair(change.dropped),
            f'{change.unread:.0%}', _pair(change.step), _pair(change.field), _pair(change.offset),
            f'{change.parameters:,}', f'{change.macs / 1e6:.1f}', _megabytes(change.im2col_bytes),
            _megabytes(change.indirection_bytes), _verdict(change)]


def stride_table(description: Description) -> str:
    """The table for a terminal, with what is said below it.

    Args:
        description: What :func:`mmtips.inspection.describe` gives.

    Returns:
        Lines of text.
    """
    rows, columns = description.input_size
    # The last column holds sentences: to the left.
    lines = [[*line[:-1], ''] for line in (list(HEADINGS), *map(_row, description.changes))]
    ends = ['', *map(_verdict, description.changes)]
    table = '\n'.join(f'{line}{end}' for line, end in zip(aligned(lines).splitlines(), ends, strict=True))
    aliasing = sum(bool(change.aliases) for change in description.changes)
    said = [f'An image of {rows} x {columns}: {len(description.changes)} changes of the resolution, {aliasing} of '
            'which let through what their output cannot carry (!).']
    said += [f'{path}: maps meet ({function}) whose grids lie {apart:g} pixels apart.'
             for path, function, apart in description.misfits]
    sizes = ' and '.join(map(str, description.sizes))
    said.append(f'Sides at which no row is dropped or invented: {sizes or "none near this size"}.')
    return '\n'.join([table, '', *said])


def write_strides(descriptions: Mapping[str, Description], path: Path) -> None:
    """Write descriptions as JSON; a receptive field of null is the whole image.

    Args:
        descriptions: By name.
        path: The file.
    """
    def finite(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: finite(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [finite(inner) for inner in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    content = dict(mmtips=__version__, networks={name: finite(asdict(description))
                                                 for name, description in descriptions.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + '\n')


def draw_strides(descriptions: Mapping[str, Description], path: Path) -> None:
    """Draw the way from pixels to logits: cumulative stride and receptive field after every change.

    Args:
        descriptions: By name; one panel each.
        path: The file, of a type that matplotlib can write.
    """
    longest = max(len(description.changes) for description in descriptions.values())
    figure = Figure(figsize=(max(6, 0.55 * longest + 2), 3.9 * len(descriptions)), layout='constrained')
    FigureCanvasAgg(figure)
    for axes, (name, description) in zip(figure.subplots(len(descriptions), squeeze=False)[:, 0], descriptions.items(),
                                         strict=True):
        _panel(axes, name, description)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _panel(axes: Any, name: str, description: Description) -> None:
    changes, side = description.changes, max(description.input_size)
    places = range(1, len(changes) + 1)
    steps = [max(change.step) for change in changes]
    axes.plot([0, *places], [1, *steps], drawstyle='steps-post', color='#444444', label='cumulative stride')
    fields = [min(side, max(change.field)) for change in changes]
    axes.plot(places, fields, color='#9db4c0', linestyle='--', label='receptive field, at most the image')
    groups = {'aliases': ('#d1495b', 'v'), 'operator': ('#00798c', 'o'), 'neither': ('#8d8d8d', 's')}
    for group, (color, marker) in groups.items():
        chosen = [index for index, change in enumerate(changes) if group == _group(change)]
        axes.plot([places[index] for index in chosen], [steps[index] for index in chosen], marker, color=color,
                  markersize=8, label=group)
    axes.set_yscale('log', base=2)
    axes.yaxis.set_major_locator(LogLocator(2))
    axes.yaxis.set_major_formatter(StrMethodFormatter('{x:g}'))
    axes.set_xticks([0, *places], ['image', *(change.path or change.kind for change in changes)], rotation=35,
                    ha='right', fontsize=8)
    axes.set_ylabel('pixels of the image')
    axes.set_title(name, loc='left', fontsize=10)
    axes.legend(fontsize=8, frameon=False)
    axes.spines[['top', 'right']].set_visible(False)


def _group(change: Change) -> str:
    return 'aliases' if change.aliases else 'operator' if change.guarantee else 'neither'
