# Copyright (c) mmtips authors. All rights reserved.
"""The figures of the evidence: accuracy against consistency, bias against consistency, and what other files draw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from mmtips.report.evidence.correlations import cloud, correlated, said_correlation
from mmtips.report.evidence.curves import curve_figure, tau_figure
from mmtips.report.evidence.labels import label_ends, label_points
from mmtips.report.evidence.looks import LETTERS, looks_of, room, tall
from mmtips.report.evidence.maps import map_figure, map_rows
from mmtips.report.evidence.measures import PRIMARY, SCORE, bias_forms
from mmtips.report.evidence.statistics import Estimate
from mmtips.report.evidence.studies import comparable, estimated, rows_of, whole
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
    settings, styles = comparable(studies['final']), looks_of(studies)
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
    """Consistency against bias, a row for each setting with a panel for each form, and correlations over the operators.

    Args:
        studies: With ``'final'``.

    Returns:
        The figure.
    """
    settings, styles = comparable(studies['final']), looks_of(studies)
    forms = bias_forms(studies['final']['rows'])
    found = {setting: {form: cloud(cells, form) for form in forms} for setting, cells in settings.items()}
    named = room(name for clouds in found.values() for name in clouds[forms[-1]].names)
    figure, panels = tall(len(settings) * len(forms), 3.2, len(forms), heading=3, margin=named)
    for number, (setting, cells) in enumerate(settings.items()):
        row, clouds = dict(zip(forms, panels[number * len(forms):], strict=False)), found[setting]
        points = {form: dict(zip(of.names, zip(of.bias, of.consistency, strict=True), strict=True))
                  for form, of in clouds.items()}
        for form, axes in row.items():
            for name, (x, y) in points[form].items():
                axes.plot(x, y, linestyle='', markersize=6, **styles[name])
            both = correlated(clouds[form])
            told = 'too few cells' if both is None else \
                '\n'.join(f'{name} {said_correlation(value)}' for name, value in both.items())
            calm(axes, f'{setting}\n{told}', 'both')
            axes.set_xlabel(f'MSB, {form}', fontsize=LETTERS)
            axes.margins(0.15)
        _name_rows(list(row.values()), list(points.values()), styles)
        panels[number * len(forms)].set_ylabel(f"{PRIMARY[rows_of(cells)[0]['task']].said} (%)", fontsize=LETTERS)
    return figure


def _name_rows(row: Sequence[Any], points: Sequence[Mapping[str, tuple[float, float]]],
               styles: Mapping[str, Mapping[str, Any]]) -> None:
    """Panels of one height axis: names stand once, behind the last; what that lacks is named in the first."""
    limits = [axes.get_ylim() for axes in row]
    for axes in row:
        axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    label_ends(row[-1], points[-1], styles, 0.062)
    label_points(row[0], points[0], styles, names=[name for name in points[0] if name not in points[-1]])


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
    'maps': EvidenceFigure(lambda studies: 'final' in studies and bool(map_rows(studies['final'])), map_figure,
                           'Consistency with the unshifted view for every shift, a map for each operator'),
    'curves': EvidenceFigure(lambda studies: 'final' in studies, curve_figure,
                             'Validation score of each operator over the training'),
}


def write_evidence_figures(studies: Studies, folder: Path) -> list[Path]:
    """Write the figures as ``evidence_<name>.svg``; one that cannot be drawn any more is removed.

    Args:
        studies: Valid results by study; of one that is not finished nothing is drawn.
        folder: Where to; a file of another content that is there is replaced: it is generated.

    Returns:
        The files.
    """
    paths, ready = [], whole(studies)
    for name, figure in FIGURES.items():
        path = folder / f'evidence_{name}.svg'
        path.unlink(missing_ok=True)
        if figure.applies(ready):
            paths.append(write_kept(rendered(figure.draw(ready), 'svg'), path))
    return paths
