# Copyright (c) mmtips authors. All rights reserved.
"""Pictures of what a network saw and said, and the charts of what was measured."""

from mmtips.report.figures.charts import CHARTS, Chart, write_figures
from mmtips.report.figures.classes import class_figure
from mmtips.report.figures.depth import depth_figure
from mmtips.report.figures.galleries import paint_example, write_examples, write_gallery
from mmtips.report.figures.layers import write_layers
from mmtips.report.figures.robustness import robustness_figure
from mmtips.report.figures.shift_maps import shift_map_figure
from mmtips.report.figures.style import NARROW

__all__ = [
    'CHARTS', 'NARROW', 'Chart', 'class_figure', 'depth_figure', 'paint_example', 'robustness_figure',
    'shift_map_figure', 'write_examples', 'write_figures', 'write_gallery', 'write_layers'
]
