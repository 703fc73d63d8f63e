# Copyright (c) mmtips authors. All rights reserved.
"""What the charts share: sizes, colours, and how they become files."""

import io
import textwrap
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

#: Inches: the text column of the page, and a telephone held upright; letters have the same size in both.
WIDE, NARROW = 9.4, 3.7
SMALL, TEXT = 7.5, 8.5
#: The colours of Okabe and Ito (2008), which people see apart with any kind of colour vision, those first that stand
#: out on white; markers and hatches tell apart what they do not.
COLORS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#7A7A7A')
MARKERS = 'osD^vPX*'
LINES = ('-', '--', ':', '-.')
HATCHES = ('', '////', '....', 'xxxx')


def look(index: int) -> dict[str, Any]:
    """Colour, marker and line of the model with this number; the first 32 differ."""
    return dict(color=COLORS[index % len(COLORS)], marker=MARKERS[index % len(MARKERS)],
                linestyle=LINES[index // len(COLORS) % len(LINES)])


def said(name: str, width: int = 30) -> str:
    """A name as matplotlib shows it: on several lines where it is long, a dollar as a dollar."""
    return textwrap.fill(name, width).replace('$', r'\$')


def new_figure(width: float, height: float) -> Figure:
    """A figure of its own, in inches, which no global state knows of."""
    figure = Figure(figsize=(width, height), layout='constrained', facecolor='white')
    FigureCanvasAgg(figure)
    return figure


def calm(axes: Any, title: str = '', grid: str = 'y') -> None:
    """Take away what says nothing, and set the size of what is left."""
    axes.spines[['top', 'right']].set_visible(False)
    axes.spines[['left', 'bottom']].set_color('#999999')
    axes.tick_params(labelsize=SMALL, color='#999999')
    axes.grid(axis=grid, color='#E4E4E4', linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_title(title, loc='left', fontsize=TEXT)


def add_legend(figure: Figure, handles: list[Any], names: list[str]) -> None:
    """Name the models above everything else."""
    wide = figure.get_size_inches()[0] > (WIDE + NARROW) / 2
    longest = max(map(len, names))
    columns = max(1, min(len(names), int((110 if wide else 42) / (min(longest, 30) + 6))))
    figure.legend(handles, [said(name) for name in names], loc='outside upper left', ncols=columns, fontsize=TEXT,
                  frameon=False, handlelength=1.8, columnspacing=1.6)


def legend_height(names: list[str], width: float) -> float:
    """Inches that the legend takes."""
    columns = max(1, int((110 if width > (WIDE + NARROW) / 2 else 42) / (min(max(map(len, names)), 30) + 6)))
    return 0.1 + 0.19 * -(-sum(1 + len(name) // 31 for name in names) // columns)


def rendered(figure: Figure, kind: str) -> bytes:
    """A figure as the content of a file; the same figure gives the same bytes.

    Args:
        figure: The figure.
        kind: ``'svg'`` or ``'png'``.

    Returns:
        The content.
    """
    stream = io.BytesIO()
    metadata: dict[str, Any] = dict(Date=None, Creator=None) if kind == 'svg' else dict(Software=None)
    with matplotlib.rc_context({'svg.hashsalt': 'mmtips', 'svg.fonttype': 'path'}):
        figure.savefig(stream, format=kind, dpi=144, metadata=metadata)
    return stream.getvalue()
