# Copyright (c) mmtips authors. All rights reserved.
"""Results as JSON, and the tables, figures and pages that are generated from them."""

from mmtips.report.assemble import assemble_result
from mmtips.report.comparable import require_comparable
from mmtips.report.correlation import correlate, correlation_caption, correlation_text
from mmtips.report.cost import measure_cost
from mmtips.report.figures import write_examples, write_figures, write_gallery, write_layers
from mmtips.report.files import write_kept, write_whole
from mmtips.report.folder import write_report
from mmtips.report.page import render_page
from mmtips.report.results import load_robustness, measurements, robustness_result, run_information, shift_result
from mmtips.report.scatter import check_figure, write_scatter
from mmtips.report.schemas import load_result, validate, write_derived, write_result
from mmtips.report.tables import (
    aligned,
    caption,
    comparison,
    comparison_csv,
    insert_table,
    markdown,
    markdown_table,
    per_class,
    text,
)

__all__ = [
    'aligned', 'assemble_result', 'caption', 'check_figure', 'comparison', 'comparison_csv', 'correlate',
    'correlation_caption', 'correlation_text', 'insert_table', 'load_result', 'load_robustness', 'markdown',
    'markdown_table', 'measure_cost', 'measurements', 'per_class', 'render_page', 'require_comparable',
    'robustness_result', 'run_information', 'shift_result', 'text', 'validate', 'write_derived', 'write_examples',
    'write_figures', 'write_gallery', 'write_kept', 'write_layers', 'write_report', 'write_result', 'write_scatter',
    'write_whole'
]
