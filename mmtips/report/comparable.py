# Copyright (c) mmtips authors. All rights reserved.
"""What must agree before results may stand in one table."""

from collections.abc import Iterator, Sequence
from typing import Any

from mmtips.report.schemas import Result
from mmtips.robustness.errors import ALIKE

DATA = ('dataset', 'images', 'skipped', 'classes', 'background', 'ignore_index', 'border')
SHIFT_MAP = ('protocol', 'max_shift', 'step', 'images')


def require_comparable(results: Sequence[Result]) -> None:
    """Refuse results that were measured on different data or under different protocols.

    A protocol that some results lack leaves cells empty, and is no reason to refuse; nor is a digest of the data, which
    earlier results lack.

    Args:
        results: At least one result.

    Raises:
        ValueError: If there is none; or if two of them name one thing and mean another: the message says which and
            what.
    """
    if not results:
        raise ValueError('results: expected at least one, got none')
    first: dict[str, tuple[str, Any]] = {}
    for result in results:
        conditions = dict(_conditions(result))
        for place, value in conditions.items():
            first.setdefault(place, (result['name'], value))
        differ = [place for place, value in conditions.items() if first[place][1] != value]
        if differ:
            other = first[differ[0]][0]
            said = '; '.join(f'{place}: {first[place][1]!r} and {conditions[place]!r}' for place in differ
                             if first[place][0] == other)
            raise ValueError(
                f"results: {other!r} and {result['name']!r} cannot stand in one table, they differ in {said}. Measure "
                'both alike with tools/eval_shift.py, or make a table for each')


def _conditions(result: Result) -> Iterator[tuple[str, Any]]:
    yield from ((f'data.{key}', result['data'][key]) for key in DATA)
    if 'digest' in result['data']:
        yield 'data.digest (of the names of images and classes)', result['data']['digest'][:12]
    yield 'model.input_shape', result['model']['input_shape']
    for name, measure in result['shift'].items():
        yield from ((f'shift.{name}.{key}', value) for key, value in measure['protocol'].items())
    if result['shift_map'] is not None:
        yield from ((f'shift_map.{key}', result['shift_map'][key]) for key in SHIFT_MAP)
        yield 'shift_map.size_divisor', result['shift_map'].get('size_divisor', 1)
    if result['sampling'] is not None:
        yield 'sampling.images', result['sampling']['images']
    if result['accuracy'] is not None:
        yield 'accuracy.metric', result['accuracy']['metric']
    if result['robustness'] is not None:
        yield from ((f'robustness.{key}', value) for key, value in result['robustness'].items() if key in ALIKE)
