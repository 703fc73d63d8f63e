# Copyright (c) mmtips authors. All rights reserved.
"""The figures of a benchmark: how cost grows, and what each operator costs."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

from mmtips.benchmark.growth import growth
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.tables import said_setting
from mmtips.report.figures.style import SMALL, WIDE, calm, look, new_figure, rendered
from mmtips.report.files import write_kept

AXES = {'pixels': 'pixels of the map', 'channels': 'channels', 'stride': 'stride'}
KINDS = {'forward': 'forward in eval', 'step': 'training step'}


def growth_figure(result: dict[str, Any]) -> Figure:
    """Cost over size on logarithmic axes: medians as marks, the fitted line, and its exponent in the legend.

    Args:
        result: A valid result of the suite ``growth``.

    Returns:
        A figure with a panel for each axis and for forward and training step.
    """
    figure = new_figure(WIDE, 6.4)
    panels = figure.subplots(len(KINDS), len(AXES), squeeze=False)
    for line, (kind, title) in zip(panels, KINDS.items(), strict=True):
        for axes, (axis, label) in zip(line, AXES.items(), strict=True):
            _panel(axes, result, axis, kind)
            calm(axes, title, grid='both')
            axes.set_xlabel(label, fontsize=SMALL)
        line[0].set_ylabel('ms', fontsize=SMALL)
    figure.suptitle(said_setting(result), fontsize=SMALL, x=0.01, ha='left')
    return figure


def _panel(axes: Any, result: dict[str, Any], axis: str, kind: str) -> None:
    axes.set_xscale('log', base=2)
    axes.set_yscale('log')
    for number, series in enumerate(growth(result, axis, kind)):
        style = look(number)
        axes.plot(series.sizes, series.ms, linestyle='', color=style['color'], marker=style['marker'], markersize=5,
                  label=f'{series.name}: {series.exponent:.2f}')
        # A line of least squares goes through the mean of the logarithms.
        offset = sum(math.log(y) - series.exponent * math.log(x) for x, y in zip(series.sizes, series.ms, strict=True))
        ends = [series.sizes[0], series.sizes[-1]]
        axes.plot(ends, [math.exp(offset / len(series.ms)) * x**series.exponent for x in ends], color=style['color'],
                  linewidth=1)
    axes.set_xticks(series.sizes)
    axes.xaxis.set_major_formatter(StrMethodFormatter('{x:,.0f}'))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis='x', rotation=35)
    if axis == 'stride':  # nothing rises there, and the legend needs a place above the marks
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (high / low)**0.9)
        _plain_numbers(axes.yaxis)
    axes.legend(fontsize=SMALL - 1, frameon=False, title='exponent', title_fontsize=SMALL - 1)


def _plain_numbers(axis: Any) -> None:
    """1, 2 and 5 of each power of ten on a logarithmic axis that spans few of them, as numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(StrMethodFormatter('{x:g}'))
    axis.set_minor_formatter(NullFormatter())


def ratio_figure(result: dict[str, Any]) -> Figure:
    """Cost relative to the first reference: a mark for each candidate, with quartiles.

    Args:
        result: A valid result of kind ``'benchmark'``.

    Returns:
        A figure with a line of two panels, forward and training step, for each case.
    """
    reference, cases = result['references'][0], result['cases']
    figure = new_figure(WIDE, 0.6 + sum(0.7 + 0.2 * len(case['rows']) for case in cases))
    panels = figure.subplots(len(cases), len(KINDS), squeeze=False, sharey='row')
    for line, case in zip(panels, cases, strict=True):
        for axes, (kind, title) in zip(line, KINDS.items(), strict=True):
            for place, row in enumerate(case['rows']):
                of = row['ratios'][reference][kind]
                style = look(0 if (row['operator'] or {}).get('type') == 'TIPS' else 7)
                axes.errorbar(of['median'], place, xerr=[[of['median'] - of['low']], [of['high'] - of['median']]],
                              fmt=style['marker'], color=style['color'], markersize=5, elinewidth=1)
            axes.axvline(1, color='#999999', linewidth=1)
            axes.set_xscale('log')
            _plain_numbers(axes.xaxis)
            axes.set_yticks(range(len(case['rows'])), [row['name'] for row in case['rows']])
            calm(axes, f"{case['title']}, {' x '.join(map(str, case['shape']))}: {title}", grid='x')
            axes.set_xlabel(f'time / {reference}', fontsize=SMALL)
        line[0].invert_yaxis()
    figure.suptitle(said_setting(result), fontsize=SMALL, x=0.01, ha='left')
    return figure


#: By file name: which suite, and how it is drawn.
FIGURES = {'performance_layers': ('layers', ratio_figure), 'performance_growth': ('growth', growth_figure)}


def write_performance_figures(results: Mapping[str, dict[str, Any]], folder: Path,
                              setting: Setting = Setting()) -> list[Path]:  # noqa: B008 - frozen
    """Write the figures as SVG.

    Args:
        results: Benchmark results by ``<suite>-<setting>``.
        folder: Where to; a file of another content that is there is replaced: it is generated.
        setting: Of which setting.

    Returns:
        The files.
    """
    paths = []
    for name, (suite, draw) in FIGURES.items():
        result = results.get(f'{suite}-{setting.name}')
        if result is not None:
            path = folder / f'{name}.svg'
            path.unlink(missing_ok=True)
            paths.append(write_kept(rendered(draw(result), 'svg'), path))
    return paths
