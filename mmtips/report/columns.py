# Copyright (c) mmtips authors. All rights reserved.
"""The columns of the comparison: what each is called, what it means, and how it is read from a result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mmtips.evaluation import PROTOCOLS, mean_bias
from mmtips.report.schemas import Result

MISSING = '-'
ROWS = {
    'overall': 'share of the compared predictions on which two views agree',
    'foreground': 'as {protocol}, on the pixels whose ground truth is not the background',
    'border': 'as {protocol}, in a band of {border} pixels around the borders of the ground truth',
}


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: its text, and the number behind it with its interval, in the unit of the text."""

    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Column:
    """A column: its heading, its meaning in a sentence, how a cell is read, and which end is good, if any is."""

    heading: str
    meaning: str
    read: Callable[[Result], Cell]
    best: str = ''


def number(value: float | None, digits: int = 1) -> Cell:
    """A number as a cell; none as a missing one."""
    return Cell(MISSING) if value is None else Cell(f'{value:.{digits}f}', value)


def estimate(found: dict[str, float] | None) -> Cell:
    """An estimate with half the width of its interval as a cell; none as a missing one."""
    if found is None:
        return Cell(MISSING)
    half = (found['high'] - found['low']) / 2
    return Cell(f"{found['value']:.1f} ± {half:.1f}", found['value'], found['low'], found['high'])


def _percent(heading: str, meaning: str, find: Callable[[Result], dict[str, float] | float | None]) -> Column:
    def read(result: Result) -> Cell:
        found = find(result)
        return estimate(found) if isinstance(found, dict) else number(found)

    return Column(heading, meaning, read, 'highest')


def _estimate(protocol: str, row: str, border: int) -> Column:
    heading = protocol if row == 'overall' else f'{protocol}, {row}'
    views = f'; {PROTOCOLS[protocol].source}' if row == 'overall' else ''
    meaning = ROWS[row].format(protocol=protocol, border=border) + views
    return _percent(heading, meaning, lambda result: result['shift'].get(protocol, {}).get(row))


def _accuracy(results: Sequence[Result]) -> Column:
    metrics = [result['accuracy']['metric'] for result in results if result['accuracy'] is not None]
    return _percent(metrics[0] if metrics else 'accuracy', 'accuracy on unshifted images, as the host measures it',
                    lambda result: None if result['accuracy'] is None else result['accuracy']['value'])


def _worst(heading: str, row: str, meaning: str) -> Column:
    return _percent(heading, meaning, lambda result: None if result['shift_map'] is None
                    else result['shift_map']['worst'].get(row))


def network_bias(result: Result, form: str) -> float | None:
    """Maximum-sampling bias of a network: the mean over its sites, in [0, 1].

    Args:
        result: A result.
        form: ``'selection'`` or ``'weight'``.

    Returns:
        The mean; None where it was not measured, or where a site lacks the form.
    """
    return mean_bias(result['sampling']['sites'])[form] if result.get('sampling') else None


def _bias(form: str, meaning: str) -> Column:
    return Column(f'MSB, {form}', meaning, lambda result: number(network_bias(result, form), 3))


def _parameters(result: Result) -> Cell:
    count = result['model']['parameters']
    return Cell(f'{count / 1e3:,.0f} k', count / 1e3)


def _latency(result: Result) -> Cell:
    times = result['model']['latency_ms']
    if times is None:
        return Cell(MISSING)
    return Cell(f"{times['median']:.1f} ms ({times['low']:.1f} to {times['high']:.1f})", times['median'], times['low'],
                times['high'])


def leading(results: Sequence[Result]) -> str:
    """The protocol that speaks for the results where one must: ``standard`` if any has it, else the first one."""
    names = protocols(results)
    return 'standard' if 'standard' in names else names[0]


def protocols(results: Sequence[Result]) -> list[str]:
    """The protocols of all results, in the order in which they first appear."""
    return list(dict.fromkeys(name for result in results for name in result['shift']))


def columns(results: Sequence[Result]) -> list[Column]:
    """The columns that at least one of the results fills.

    Args:
        results: At least one result.

    Returns:
        The columns, in the order of the table.
    """
    border, main = results[0]['data']['border'], leading(results)
    shift = [_estimate(protocol, row, border) for protocol in protocols(results) for row in ROWS]
    every = [
        Column('model', 'what the model is called', lambda result: Cell(result['name'])),
        _accuracy(results), *shift,
        _percent('fidelity', f'accuracy x {main} consistency, as published',
                 lambda result: result['shift'].get(main, {}).get('fidelity')),
        _percent('joint', f'share of the predictions that are equal in both {main} views and right',
                 lambda result: result['shift'].get(main, {}).get('joint')),
        _worst('worst case', 'overall', 'agreement with the unshifted prediction under the shift of the grid that is '
               'worst for the image, chosen anew for each image'),
        _worst('worst case, joint', 'joint', 'share of the pixels that stay equal and right under that worst shift'),
        _bias('selection', 'maximum-sampling bias as we define it: share of the windows whose output is their maximum; '
              'mean over the downsampling sites'),
        _bias('weight', 'maximum-sampling bias as we define it: mean weight that an operator puts on the maximum of '
              'its window; max pooling has 1; mean over the downsampling sites'),
        Column('parameters', 'trainable and fixed, in thousands', _parameters),
        Column('GMACs', '10^9 multiply-adds for one image; published tables often call them GFLOPs',
               lambda result: number(result['model']['gmacs'], 3)),
        Column('latency', 'one image, median and quartiles, in milliseconds', _latency),
    ]
    return [column for column in every if any(column.read(result).text != MISSING for result in results)]
