# Copyright (c) mmtips authors. All rights reserved.
"""Does sampling bias go with consistency in these cells? The framework of the TIPS paper, as in ``correlation``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmtips.report.correlation import estimate, pearson, spearman
from mmtips.report.evidence.measures import PRIMARY, bias, bias_forms
from mmtips.report.evidence.studies import Cells, estimated, rows_of
from mmtips.report.tables import markdown_table

#: With fewer operators a correlation says nothing.
FEWEST = 4


@dataclass(frozen=True)
class Cloud:
    """The operators of a setting that have a form of the bias: means over seeds; consistency in percent."""

    names: tuple[str, ...]
    bias: np.ndarray
    consistency: np.ndarray

    @property
    def varies(self) -> bool:
        """Whether there is anything to correlate."""
        return len(self.names) >= FEWEST and min(np.ptp(self.bias), np.ptp(self.consistency)) > 0


def cloud(cells: Cells, form: str) -> Cloud:
    """Bias and consistency of the operators of a setting, each network once.

    Left out are operators without this form, and those that are others with an addition: what it changes in either is
    not the operator's doing.
    """
    measure, found = PRIMARY[rows_of(cells)[0]['task']], dict[tuple[float, float], str]()
    for name, rows in cells.items():
        x, y = estimated(rows, bias(form)), estimated(rows, measure)
        if x is not None and y is not None and all(row.get('plain', True) for row in rows.values()):
            found.setdefault((x.value, y.value), name)  # two names may be of one network
    names = found.values()
    x_values, y_values = zip(*found, strict=True) if found else ((), ())
    return Cloud(tuple(names), np.array(x_values, float), np.array(y_values, float))


def within(clouds: Mapping[str, Cloud]) -> Cloud:
    """All clouds as one, each with a mean of zero and a deviation of one.

    Settings differ in mean and spread of both for reasons that are no operator's: accuracies of classifiers lie closer
    together than those of segmentors, and the widest would decide. Settings in which nothing varies are left out.
    """
    own = {setting: of for setting, of in clouds.items() if of.varies}
    x, y = (np.concatenate([(values - values.mean()) / values.std() for values in of] or [np.array([])]) for of in
            ([of.bias for of in own.values()], [of.consistency for of in own.values()]))
    return Cloud(tuple(f'{setting}, {name}' for setting, of in own.items() for name in of.names), x, y)


def correlated(of: Cloud) -> dict[str, dict[str, float]] | None:
    """Pearson's and Spearman's coefficients with bootstrap intervals over the cells; None where nothing varies."""
    if not of.varies:
        return None
    return dict(Pearson=estimate(pearson, of.bias, of.consistency),
                Spearman=estimate(spearman, of.bias, of.consistency))


def said_correlation(found: Mapping[str, float]) -> str:
    """A coefficient with its interval."""
    return f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def sign(found: Mapping[str, float]) -> str:
    """What the interval of a coefficient says."""
    return 'negative' if found['high'] < 0 else 'positive' if found['low'] > 0 else 'not told apart from 0'


def correlation_table(settings: Mapping[str, Cells]) -> str:
    """The coefficients in each setting and within all of them, for each form of the bias.

    Args:
        settings: All settings of the study ``'final'``.

    Returns:
        Markdown.
    """
    lines: list[list[Any]] = []
    for form in bias_forms([row for cells in settings.values() for row in rows_of(cells)]):
        clouds = {setting: cloud(cells, form) for setting, cells in settings.items()}
        for setting, of in {**clouds, 'all, within settings': within(clouds)}.items():
            found = correlated(of)
            told = ['-', '-', 'too few cells'] if found is None else \
                [*map(said_correlation, found.values()), sign(found['Spearman'])]
            lines.append([f'{setting}, MSB {form}', str(len(of.names)), *told])
    return markdown_table(['consistency against bias', 'cells', 'Pearson', 'Spearman', 'Spearman says'], lines)
