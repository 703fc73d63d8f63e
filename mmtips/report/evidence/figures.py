# Copyright (c) mmtips authors. All rights reserved.
"""The figures of the evidence: accuracy against consistency, bias against consistency, tau and scores over training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from mmtips.report.evidence.correlations import cloud, correlated, said_correlation
from mmtips.report.evidence.curves import curve_figure, tau_figure
from mmtips.report.evidence.looks import LETTERS, label_points, looks_of, tall
from mmtips.report.evidence.statistics import Estimate
from mmtips.report.evidence.studies import PRIMARY, SCORE, bias_forms, by_setting, estimated, rows_of
from mmtips.report.figures.style import calm, rendered
from mmtips.report.files import write_kept
from mmtips.report.schemas import Result

Studies = Mapping[str, Result]


def front(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """The names that no other one beats: none is at least as high in both and higher in one.

    Args:
        points: By name two figures, of which high ones are good.

    Returns:
        The names in the order of the first figure, then of the second.
    """
    kept = [name for name, (x, y) in points.items()
            if not any(a >= x and b >= y and (a, b) != (x, y) for a, b in points.values())]
    return sorted(kept, key=lambda name: (points[name], name))


def _reach(of: Estimate) -> list[list[float]]:
    half = of.half or 0.
    return [[half], [half]]


def pareto_figure(studies: Studies) -> Figure:
    """Score against consistency, a panel for each setting: means with intervals, and the front that nothing beats.

    Args:
        studies: With ``'final'``.

    Returns:
        The figure.
    """
    settings, styles = by_setting(studies['final']), looks_of(studies)
    figure, panels = tall(len(settings), 3.4)
    for axes, (setting, cells) in zip(panels, settings.items(), strict=True):
        task = rows_of(cells)[0]['task']
        x_of, y_of = PRIMARY[task], SCORE[task]
        both = {name: (x, y) for name, rows in cells.items()
                if (x := estimated(rows, x_of)) is not None and (y := estimated(rows, y_of)) is not None}
        points = {name: (x.value, y.value) for name, (x, y) in both.items()}
        for name, (x, y) in both.items():
            axes.errorbar(x.value, y.value, xerr=_reach(x), yerr=_reach(y), fmt=styles[name]['marker'],
                          color=styles[name]['color'], markersize=6, elinewidth=0.8, alpha=0.9)
        axes.margins(0.12)
        stairs(axes, [points[name] for name in front(points)])
        calm(axes, f'{setting} (dotted: nothing is better in both than what stands on it)', 'both')
        axes.set_xlabel(f'{x_of.said} (%)', fontsize=LETTERS)
        axes.set_ylabel(f'{y_of.heading} (%)', fontsize=LETTERS)
        label_points(axes, points, styles, {name: (x.half or 0., y.half or 0.) for name, (x, y) in both.items()})
    return figure


def stairs(axes: Any, best: Sequence[tuple[float, float]]) -> None:
    """Draw the edge of what the front beats: level to each of its points, then down; from edge to edge of the panel.

    Args:
        axes: The panel; its limits stay as they are.
        best: The points of the front, the first figure ascending.
    """
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    xs, ys = [left], [best[0][1]]
    for number, (x, y) in enumerate(best):
        xs += [x, x]
        ys += [y, best[number + 1][1] if number + 1 < len(best) else bottom]
    axes.plot(xs, ys, color='#222222', linewidth=0.9, linestyle=':', zorder=1)
    axes.set(xlim=(left, right), ylim=(bottom, top))


def bias_figure(studies: Studies) -> Figure:
    """Consistency against bias, a panel for each setting and form, with the correlations over the operators.

    Args:
        studies: With ``'final'``.

    Returns:
        The figure.
    """
    settings, styles = by_setting(studies['final']), looks_of(studies)
    forms = bias_forms(studies['final']['rows'])
    figure, panels = tall(len(settings) * len(forms), 3.2, len(forms), heading=3)
    for place, axes in enumerate(panels):
        setting, form = list(settings)[place // len(forms)], forms[place % len(forms)]
        of, measure = cloud(settings[setting], form), PRIMARY[rows_of(settings[setting])[0]['task']]
        points = dict(zip(of.names, zip(of.bias, of.consistency, strict=True), strict=True))
        for name, (x, y) in points.items():
            axes.plot(x, y, linestyle='', markersize=6, **styles[name])
        found = correlated(of)
        told = 'too few cells' if found is None else \
            '\n'.join(f'{name} {said_correlation(value)}' for name, value in found.items())
        calm(axes, f'{setting}\n{told}', 'both')
        axes.set_xlabel(f'MSB, {form}', fontsize=LETTERS)
        axes.set_ylabel(f'{measure.said} (%)', fontsize=LETTERS)
        axes.margins(0.15)
        label_points(axes, points, styles)
    return figure


@dataclass(frozen=True)
class EvidenceFigure:
    """A figure: of which studies it can be drawn, how, and what it shows."""

    applies: Callable[[Studies], bool]
    draw: Callable[[Studies], Figure]
    caption: str


def _has_tau(studies: Studies) -> bool:
    return 'final' in studies and any(row['tau'] for row in studies['final']['rows'])


#: By the end of the file's name.
FIGURES = {
    'pareto': EvidenceFigure(lambda studies: 'final' in studies, pareto_figure,
                             'Score against consistency for each operator, with the Pareto front'),
    'msb': EvidenceFigure(lambda studies: 'final' in studies and bool(bias_forms(studies['final']['rows'])),
                          bias_figure, 'Consistency against maximum-sampling bias for each operator'),
    'tau': EvidenceFigure(_has_tau, tau_figure, 'Mean largest phase weight of each layer over the training'),
    'curves': EvidenceFigure(lambda studies: 'final' in studies, curve_figure,
                             'Validation score of each operator over the training'),
}


def write_evidence_figures(studies: Studies, folder: Path) -> list[Path]:
    """Write the figures as ``evidence_<name>.svg``; one that cannot be drawn any more is removed.

    Args:
        studies: Valid results by study.
        folder: Where to; a file of another content that is there is replaced: it is generated.

    Returns:
        The files.
    """
    paths = []
    for name, figure in FIGURES.items():
        path = folder / f'evidence_{name}.svg'
        path.unlink(missing_ok=True)
        if figure.applies(studies):
            paths.append(write_kept(rendered(figure.draw(studies), 'svg'), path))
    return paths
