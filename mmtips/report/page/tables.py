# Copyright (c) mmtips authors. All rights reserved.
"""The tables of the page: cells with the numbers behind them, by which a reader sorts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mmtips.report.columns import MISSING, Cell, Column, columns, estimate, number, protocols
from mmtips.report.figures.depth import sampled
from mmtips.report.figures.robustness import attack_names, tested
from mmtips.report.schemas import Result
from mmtips.robustness import compare_sections


@dataclass(frozen=True)
class Table:
    """A table: what it holds, its headings, its rows with the heading of the row first, and which cells are best."""

    caption: str
    headings: list[str]
    rows: list[list[Cell]]
    best: set[tuple[int, int]] = field(default_factory=set)


def summary(results: Sequence[Result]) -> Table:
    """The comparison, with the best of each column of percentages where there is something to compare."""
    chosen = columns(results)
    rows = [[column.read(result) for column in chosen] for result in results]
    best = {place for index, column in enumerate(chosen) for place in _best(column, index, rows)}
    return Table('All models and all figures', [column.heading for column in chosen], rows, best)


def _best(column: Column, index: int, rows: Sequence[Sequence[Cell]]) -> list[tuple[int, int]]:
    # As printed: what a reader cannot tell apart is equally good.
    values = [None if row[index].value is None else round(row[index].value or 0, 1) for row in rows]
    known = [value for value in values if value is not None]
    if not column.best or len(known) < 2 or len(set(known)) == 1:
        return []
    return [(row, index) for row, value in enumerate(values) if value == max(known)]


def worst(results: Sequence[Result]) -> Table:
    """Consistency under the shift of the grid that is worst for each image, of the results that have a shift map."""
    maps = [(result['name'], result['shift_map']['worst']) for result in results if result['shift_map'] is not None]
    return Table('Under the worst shift of the grid, %', ['model', 'equal', 'equal and right'],
                 [[Cell(name), estimate(of['overall']), estimate(of.get('joint'))] for name, of in maps])


def classes(results: Sequence[Result]) -> Table:
    """The consistency of each class for each protocol of each result."""
    chosen = [(f"{result['name']}, {protocol}", result['shift'][protocol]['per_class']) for protocol in
              protocols(results) for result in results if result['shift'].get(protocol, {}).get('per_class')]
    names = list(dict.fromkeys(name for _, estimates in chosen for name in estimates))
    return Table('Consistency by class, %', ['class', *(heading for heading, _ in chosen)],
                 [[Cell(name), *(number(of.get(name, {}).get('value')) for _, of in chosen)] for name in names])


def sites(result: Result) -> Table:
    """The downsampling sites of one result, from the image on."""
    rows = [[Cell(f"{order}", order), Cell(site['path']), Cell(site['operator']),
             Cell(str(site['stride']), site['stride']), *(number(site[key], 3) for key in (
                 'selection', 'weight', 'aliasing'))] for order, site in enumerate(result['sampling']['sites'], 1)]
    return Table(f"{result['name']}: downsampling sites",
                 ['site', 'module', 'operator', 'stride', 'MSB, selection', 'MSB, weight', 'above Nyquist'], rows)


def all_sites(results: Sequence[Result]) -> list[Table]:
    """The tables of :func:`sites` of those results that have some."""
    return [sites(result) for result in sampled(results)]


def attacks(results: Sequence[Result]) -> Table:
    """Accuracy of each result under each attack of each strength."""
    shown = tested(results)
    strengths = sorted({(name, steps, of['epsilon']) for name, steps in attack_names(results) for result in shown
                        for of in result['robustness']['attacks'] if (of['attack'], of['steps']) == (name, steps)})
    rows = [[Cell('none'), Cell(MISSING), Cell('0', 0.0), *(number(result['robustness']['clean']) for result in shown)]]
    for name, steps, epsilon in strengths:
        found = [next((of['accuracy'] for of in result['robustness']['attacks'] if
                       (of['attack'], of['steps'], of['epsilon']) == (name, steps, epsilon)), None) for result in shown]
        rows.append([Cell(name), Cell(str(steps), steps), Cell(f'{epsilon:.4g}', epsilon), *map(number, found)])
    return Table('Accuracy under attack, %', ['attack', 'steps', 'epsilon', *(result['name'] for result in shown)],
                 rows if strengths else [])


def corruptions(results: Sequence[Result]) -> Table:
    """Accuracy of each result under each corruption, the mean over the severities that it was measured at."""
    shown = [result for result in tested(results) if result['robustness']['corruptions']]
    names = list(dict.fromkeys(name for result in shown for name in result['robustness']['corruptions']))
    rows = []
    for name in names:
        scores = [result['robustness']['corruptions'].get(name, {}) for result in shown]
        common = sorted(set.intersection(*map(set, filter(None, scores))))  # a mean of others would say another thing
        rows.append([Cell(name), Cell(', '.join(common) or MISSING),
                     *(number(_mean([of[severity] for severity in common if of])) for of in scores)])
    errors = [_against(result, shown[0]) for result in shown] if len(shown) > 1 else []
    rows += [[Cell(name), Cell('lower is better'), *(number(of.get(name)) for of in errors)]
             for name in dict.fromkeys(name for of in errors for name in of)]
    return Table('Accuracy under corruption, %', ['corruption', 'severities', *(result['name'] for result in shown)],
                 rows)


def _against(result: Result, baseline: Result) -> dict[str, float]:
    """Mean corruption errors; none where the two were not measured alike, or the baseline makes no error."""
    try:
        return compare_sections(result['robustness'], baseline['robustness'])
    except ValueError:
        return {}


def _mean(scores: Sequence[float]) -> float | None:
    return sum(scores) / len(scores) if scores else None
