# Copyright (c) mmtips authors. All rights reserved.
"""The charts of a report, and how they become files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from mmtips.report.figures.classes import class_figure, class_protocol, class_text
from mmtips.report.figures.depth import depth_figure, depth_text, drawn
from mmtips.report.figures.robustness import robustness_figure, robustness_text, tested
from mmtips.report.figures.shift_maps import mapped, shift_map_figure, shift_map_text
from mmtips.report.figures.style import rendered
from mmtips.report.files import write_kept
from mmtips.report.schemas import Result


@dataclass(frozen=True)
class Chart:
    """A chart: of which results it can be drawn, how, and what it shows in words."""

    applies: Callable[[Sequence[Result]], Any]
    draw: Callable[..., Figure]
    describe: Callable[[Sequence[Result]], str]


#: By the name of the files.
CHARTS = {
    'shift_map': Chart(mapped, shift_map_figure, shift_map_text),
    'classes': Chart(class_protocol, class_figure, class_text),
    'depth': Chart(drawn, depth_figure, depth_text),
    'robustness': Chart(tested, robustness_figure, robustness_text),
}


def write_figures(results: Sequence[Result], folder: Path) -> list[Path]:
    """Write every chart that the results have figures for, as PNG and as SVG.

    Args:
        results: At least one result.
        folder: Where to; a file of another content that is there is kept under the name of its date.

    Returns:
        The files.
    """
    paths = []
    for name, chart in CHARTS.items():
        if chart.applies(results):
            figure = chart.draw(results)
            paths += [write_kept(rendered(figure, kind), folder / f'{name}.{kind}') for kind in ('png', 'svg')]
    return paths
