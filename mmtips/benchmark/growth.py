# Copyright (c) mmtips authors. All rights reserved.
"""How cost grows with size: exponents, fitted on logarithms."""

import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from mmtips.benchmark.suites import CHANNELS_SIDE, SIDE_CHANNELS, STRIDE_SHAPE
from mmtips.benchmark.tables import MISSING, find_row

#: The copy of the input into memory that exists already, which every case has measured in its rounds.
COPY = 'copy of the input'
#: Fits on fewer points would say nothing.
FEWEST = 3


class Series(NamedTuple):
    """The cost of one candidate along one axis.

    Attributes:
        name: The candidate.
        sizes: What grows, n values.
        ms: Median milliseconds, n values.
        exponent: b of ``ms = a * sizes**b``, by least squares on the logarithms.
    """

    name: str
    sizes: list[int]
    ms: list[float]
    exponent: float


def fit_exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The slope of a straight line through ``log(values)`` over ``log(sizes)``.

    Args:
        sizes: At least :data:`FEWEST` different positive values.
        values: As many positive ones.

    Returns:
        1 where the values are proportional to the sizes.

    Raises:
        ValueError: If there are too few points.
    """
    if len(set(sizes)) < FEWEST:
        raise ValueError(f'sizes: expected at least {FEWEST} different ones, got {list(sizes)}')
    return statistics.linear_regression([math.log(size) for size in sizes],
                                        [math.log(value) for value in values]).slope


def _axis(case: dict[str, Any]) -> dict[str, int]:
    """On which axes a case lies, and where: pixels and channels at stride 2, strides at their own shape."""
    count, channels, height, width = case['shape']
    if tuple(case['shape']) == STRIDE_SHAPE:
        return dict(stride=case['stride'])
    axes = {}
    if channels == SIDE_CHANNELS:
        axes['pixels'] = count * height * width
    if (height, width) == (CHANNELS_SIDE, CHANNELS_SIDE):
        axes['channels'] = channels
    return axes


def growth(result: dict[str, Any], axis: str, kind: str = 'forward') -> list[Series]:
    """Follow every candidate along an axis.

    Args:
        result: A valid result of the suite ``growth``.
        axis: ``'pixels'``, ``'channels'`` or ``'stride'``.
        kind: ``'forward'`` or ``'step'``.

    Returns:
        One series for each candidate, sizes ascending, and in the forward one for :data:`COPY`.

    Raises:
        ValueError: If the result has too few cases along the axis.
    """
    cases = sorted((case for case in result['cases'] if axis in _axis(case)), key=lambda case: _axis(case)[axis])
    if len(cases) < FEWEST:
        raise ValueError(f'axis: expected at least {FEWEST} cases along {axis!r}, got {len(cases)}: measure the suite '
                         'growth')
    sizes = [_axis(case)[axis] for case in cases]
    series = []
    for row in cases[0]['rows']:
        times = [find_row(case, row['name'])[f'{kind}_ms']['median'] for case in cases]
        series.append(Series(row['name'], sizes, times, fit_exponent(sizes, times)))
    if kind == 'forward':
        times = [case['copy']['ms']['median'] for case in cases]
        series.append(Series(COPY, sizes, times, fit_exponent(sizes, times)))
    return series


def exponent_of(result: dict[str, Any], name: str, axis: str, kind: str) -> float:
    """The fitted exponent of one candidate, or of :data:`COPY`."""
    return next(series.exponent for series in growth(result, axis, kind) if series.name == name)


def growth_table(result: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The fitted exponents of every candidate, forward and training step.

    Args:
        result: A valid result of the suite ``growth``.

    Returns:
        Headings and rows.
    """
    columns = {f'{kind}, in {axis}': {series.name: f'{series.exponent:.2f}' for series in growth(result, axis, key)}
               for key, kind in (('forward', 'forward'), ('step', 'training step'))
               for axis in ('pixels', 'channels', 'stride')}
    names = next(iter(columns.values()))
    return ['exponent', *columns], [[name, *(of.get(name, MISSING) for of in columns.values())] for name in names]
