# Copyright (c) mmtips authors. All rights reserved.
"""Accuracy under attack and under corruption."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from mmtips.report.figures.style import NARROW, SMALL, WIDE, add_legend, calm, legend_height, look, new_figure
from mmtips.report.schemas import Result

Curve = list[tuple[float, float]]


def tested(results: Sequence[Result]) -> list[Result]:
    """The results whose robustness was measured."""
    return [result for result in results if result['robustness'] is not None and (
        result['robustness']['attacks'] or result['robustness']['corruptions'])]


def attack_names(results: Sequence[Result]) -> list[tuple[str, int]]:
    """Every attack with its number of steps."""
    return list(dict.fromkeys((attack['attack'], attack['steps']) for result in tested(results)
                              for attack in result['robustness']['attacks']))


def attack_curve(result: Result, attack: tuple[str, int]) -> Curve:
    """Epsilon and accuracy of an attack, from the clean accuracy at 0 on; nothing if the attack was not run."""
    points = {of['epsilon']: of['accuracy'] for of in result['robustness']['attacks']
              if (of['attack'], of['steps']) == attack}
    return sorted(({0.0: result['robustness']['clean']} | points).items()) if points else []


def corruption_curve(result: Result, results: Sequence[Result]) -> Curve:
    """Severity and accuracy, the mean over the corruptions that every corrupted result has at that severity."""
    every: list[dict[str, Any]] = [one['robustness']['corruptions'] for one in tested(results)
                                   if one['robustness']['corruptions']]
    own = result['robustness']['corruptions']
    curve = [(0.0, result['robustness']['clean'])] if own else []
    for severity in '12345':
        common = [name for name, of in own.items() if all(severity in other.get(name, {}) for other in every)
                  and severity in of]
        if common:
            curve.append((float(severity), sum(own[name][severity] for name in common) / len(common)))
    return curve


def curves(results: Sequence[Result]) -> dict[str, tuple[str, list[Curve]]]:
    """By title of the panel: what its axis is, and the curve of each tested result."""
    shown = tested(results)
    panels = {}
    for attack in attack_names(results):
        steps = f', {attack[1]} steps' if attack[1] > 1 else ''
        panels[attack[0] + steps] = ('epsilon', [attack_curve(result, attack) for result in shown])
    if any(result['robustness']['corruptions'] for result in shown):
        panels['corruptions, mean'] = ('severity', [corruption_curve(result, results) for result in shown])
    return panels


def robustness_figure(results: Sequence[Result], width: float = WIDE) -> Figure:
    """Draw accuracy over the strength of every attack, and over the severity of the corruptions.

    Args:
        results: Those whose robustness was not measured are passed over; at least one was.
        width: Of the figure, in inches.

    Returns:
        The figure: a panel for each attack and one for the corruptions, all on one scale.
    """
    shown, panels = tested(results), curves(results)
    names = [result['name'] for result in shown]
    columns = 1 if width <= NARROW else min(len(panels), 4)
    rows = -(-len(panels) // columns)
    figure = new_figure(width, 2.3 * rows + legend_height(names, width))
    places = figure.subplots(rows, columns, squeeze=False, sharey=True)
    handles: list[Any] = []
    for axes, (title, (unit, of)) in zip(places.flat, panels.items(), strict=False):
        handles = [axes.plot([x for x, _ in curve], [y for _, y in curve], markersize=4.5, linewidth=1.4,
                             **look(index))[0] for index, curve in enumerate(of)]
        calm(axes, title)
        axes.set_xlabel(unit, fontsize=SMALL)
        axes.set_ylim(0, min(100, 1.1 * max(y for _, of in panels.values() for curve in of for _, y in curve) or 1))
    for axes in list(places.flat)[len(panels):]:
        axes.set_axis_off()
    for axes in places[:, 0]:
        axes.set_ylabel(f"{shown[0]['robustness']['metric']}, %", fontsize=SMALL)
    add_legend(figure, handles, names)
    return figure


def robustness_text(results: Sequence[Result]) -> str:
    """Say what the curves show."""
    parts = [f"{result['name']}, {title}: from {curve[0][1]:.1f} to {curve[-1][1]:.1f} % at {unit} {curve[-1][0]:g}"
             for title, (unit, of) in curves(results).items()
             for result, curve in zip(tested(results), of, strict=True) if curve]
    return f"Curves of accuracy: {'; '.join(parts)}."
