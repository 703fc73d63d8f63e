# Copyright (c) mmtips authors. All rights reserved.
"""What may be said of a few seeds: means, paired differences, their intervals, and the words for them.

Sources: W. S. Gosset ("Student"), The probable error of a mean, Biometrika 6 (1908), for the intervals and the test;
S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979), for several tests at
once.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

#: Of the intervals, and of the adjusted p values.
LEVEL, BOUND = 0.95, 0.05
#: What a verdict may be; nothing else in the project says that one operator beats another.
BETTER, WORSE, UNTOLD = 'better', 'worse', 'not told apart'


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95 % interval, in the unit of the values; no interval where there is one seed."""

    value: float
    low: float | None
    high: float | None
    seeds: int

    @property
    def half(self) -> float | None:
        """Half the width of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


@dataclass(frozen=True)
class Difference:
    """A mean of paired differences, the p value of the paired t test, and that adjusted; the interval never is.

    ``settings`` are those that it is a mean over, where it is one of several.
    """

    mean: Estimate
    p: float | None
    adjusted: float | None
    settings: tuple[str, ...] = ()


def mean_interval(values: Sequence[float]) -> Estimate:
    """The mean and its 95 % Student-t interval: mean +- t(0.975, n - 1) s / sqrt(n).

    Args:
        values: One for each seed, at least one.

    Returns:
        The estimate; without an interval where there is one value.

    Raises:
        ValueError: If there is no value.
    """
    count = len(values)
    if count == 0:
        raise ValueError('values: expected at least one, got none')
    mean = math.fsum(values) / count
    if count == 1:
        return Estimate(mean, None, None, 1)
    from scipy.stats import t  # more than a second, for the one page that needs it
    half = float(t.ppf((1 + LEVEL) / 2, count - 1)) * _standard_error(values, mean)
    return Estimate(mean, mean - half, mean + half, count)


def _standard_error(values: Sequence[float], mean: float) -> float:
    """Of the mean; equal values have none, though their mean may be rounded."""
    if min(values) == max(values):
        return 0.
    return math.sqrt(math.fsum((value - mean)**2 for value in values) / (len(values) - 1) / len(values))


def paired_difference(values: Mapping[int, float], baseline: Mapping[int, float], cell: str = 'values') -> Difference:
    """The mean of ``values - baseline`` over seeds.

    Args:
        values: By seed.
        baseline: By seed; the same seeds.
        cell: What to call the pair in the error.

    Returns:
        The difference, not adjusted. One seed has no p, nor have differences that are all equal, for which there is no
        t: by how much they vary is not known then, rather than nothing.

    Raises:
        ValueError: If a seed is missing on one side, or on both, or a value is not finite; the message names the cell.
    """
    if set(values) != set(baseline) or not values:
        raise ValueError(f'{cell}: expected the same seeds on both sides, got {sorted(values)} and '
                         f'{sorted(baseline)}: run the missing ones with tools/evidence.py')
    differences = [values[seed] - baseline[seed] for seed in sorted(values)]
    if not all(map(math.isfinite, differences)):
        raise ValueError(f'{cell}: expected finite values, got {dict(values)} and {dict(baseline)}')
    return _tested(mean_interval(differences), differences)


def pooled_difference(values: Mapping[str, Mapping[int, float]], baseline: Mapping[str, Mapping[int, float]],
                      cell: str = 'values') -> Difference:
    """The mean of paired differences over several settings.

    For each seed the differences are averaged over the settings; the interval is over the seeds. This takes the
    settings as given and equally important, and the seeds alone as a sample: it says how sure the average over *these*
    settings is, and nothing about others.

    Args:
        values: By setting and seed.
        baseline: By setting and seed; the same settings, and in all of them the same seeds.
        cell: What to call it in the error.

    Returns:
        The difference, not adjusted.

    Raises:
        ValueError: If the settings differ, or a seed is missing anywhere; the message names it.
    """
    if set(values) != set(baseline) or not values:
        raise ValueError(f'{cell}: expected the same settings on both sides, got {sorted(values)} and '
                         f'{sorted(baseline)}')
    for setting, of in values.items():
        paired_difference(of, baseline[setting], f'{cell}, {setting}')  # names what is missing
    return replace(paired_difference(pooled(values, cell), pooled(baseline, cell), cell), settings=tuple(values))


def pooled(values: Mapping[str, Mapping[int, float]], cell: str = 'values') -> dict[int, float]:
    """The mean over settings for each seed.

    Args:
        values: By setting and seed.
        cell: What to call it in the error.

    Returns:
        By seed.

    Raises:
        ValueError: If the settings have not the same seeds; the message names the first that differs.
    """
    first = next(iter(values))
    for setting, of in values.items():
        if set(of) != set(values[first]):
            raise ValueError(f'{cell}: expected the same seeds in all settings, got {sorted(values[first])} in '
                             f'{first} and {sorted(of)} in {setting}')
    return {seed: math.fsum(of[seed] for of in values.values()) / len(values) for seed in sorted(values[first])}


def _tested(mean: Estimate, differences: Sequence[float]) -> Difference:
    error = _standard_error(differences, mean.value) if mean.seeds > 1 else 0.
    if error == 0:
        return Difference(mean, None, None)
    from scipy.stats import t
    p = float(2 * t.sf(abs(mean.value) / error, mean.seeds - 1))
    return Difference(mean, p, p)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p values of several tests, so that the chance of any false finding among them keeps its bound.

    In the order of size, the k-th of m (from 0) is multiplied by m - k; none may be below one before it, nor above 1.

    Args:
        p_values: In [0, 1].

    Returns:
        The adjusted ones, in the order of the arguments.
    """
    adjusted, largest = [0.] * len(p_values), 0.
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1., (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def adjust(differences: Mapping[str, Difference]) -> dict[str, Difference]:
    """Adjust the p values of differences that are looked at together; those without one do not count."""
    tested = {name: of.p for name, of in differences.items() if of.p is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    return {name: replace(of, adjusted=adjusted.get(name)) for name, of in differences.items()}


def verdict(difference: Difference, good: str = 'highest') -> str:
    """Say what a difference says, in the words that the project has for it.

    Args:
        difference: With the adjusted p value.
        good: ``'highest'`` or ``'lowest'``: which end of the measure is good.

    Returns:
        :data:`BETTER` or :data:`WORSE` where the adjusted p value is below 0.05, else :data:`UNTOLD`.

    Raises:
        ValueError: If ``good`` is neither.
    """
    if good not in ('highest', 'lowest'):
        raise ValueError(f"good: expected 'highest' or 'lowest', got {good!r}")
    if difference.adjusted is None or difference.adjusted >= BOUND:
        return UNTOLD
    return BETTER if (difference.mean.value > 0) == (good == 'highest') else WORSE
