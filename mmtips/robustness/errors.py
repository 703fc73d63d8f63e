# Copyright (c) mmtips authors. All rights reserved.
"""Corruption errors of a model relative to a baseline's: mCE and relative mCE.

Source: Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and Perturbations,
ICLR 2019, Section 4. There the error is the top-1 error and the baseline AlexNet; the formulas take any error in
percent, so 100 - mIoU as well, and any baseline that was measured in the same cells.
"""

from collections.abc import Mapping
from typing import Any

#: Corruption -> severity ('1' to '5') -> percent.
Table = Mapping[str, Mapping[str, float]]
#: What two studies must have in common, as far as both say it.
ALIKE = ('metric', 'images', 'seed', 'dataset', 'digest', 'corrupt_after')


def error_table(scores: Table) -> dict[str, dict[str, float]]:
    """Turn scores into errors.

    Args:
        scores: Top-1 accuracy or mIoU, 0 to 100.

    Returns:
        100 - score, in the same cells.

    Raises:
        ValueError: If a score is no percentage; the message names its cell.
    """
    for corruption, row in scores.items():
        for severity, score in row.items():
            if not 0 <= score <= 100:  # NaN too
                raise ValueError(f'scores: expected percentages from 0 to 100, got {score} at {corruption}, severity '
                                 f'{severity}')
    return {corruption: {severity: 100 - score for severity, score in row.items()}
            for corruption, row in scores.items()}


def corruption_errors(errors: Table, baseline: Table, clean: float = 0., baseline_clean: float = 0.
                      ) -> dict[str, float]:
    """CE of each corruption: summed errors over the baseline's summed errors.

    Args:
        errors: Errors of the model, in percent.
        baseline: Errors of the baseline in the same cells.
        clean: What is subtracted from each error of the model: 0 for CE, its clean error for the relative CE.
        baseline_clean: The same for the baseline.

    Returns:
        By corruption the ratio in percent: 100 is as bad as the baseline.

    Raises:
        ValueError: If a cell is absent from one table, there is none at all, or the baseline's sum is not positive.
    """
    require_same_cells(errors, baseline)
    ratios = {}
    for corruption, row in errors.items():
        own = sum(error - clean for error in row.values())
        base = sum(baseline[corruption][severity] - baseline_clean for severity in row)
        if base <= 0:
            raise ValueError(f'baseline: its errors under {corruption} are, summed, {base:g} above '
                             f'{baseline_clean:g}: there is nothing to divide by')
        ratios[corruption] = 100 * own / base
    return ratios


def mean_corruption_error(errors: Table, baseline: Table) -> float:
    """The mCE: the mean over corruptions of CE.

    Args:
        errors: Errors of the model, in percent.
        baseline: Errors of the baseline in the same cells.

    Returns:
        Percent.

    Raises:
        ValueError: See :func:`corruption_errors`.
    """
    ratios = corruption_errors(errors, baseline)
    return sum(ratios.values()) / len(ratios)


def relative_mean_corruption_error(errors: Table, clean: float, baseline: Table, baseline_clean: float) -> float:
    """The relative mCE: as :func:`mean_corruption_error`, of what corruptions add to the clean error.

    Args:
        errors: Errors of the model, in percent.
        clean: Its error on clean images, in percent.
        baseline: Errors of the baseline in the same cells.
        baseline_clean: Its error on clean images.

    Returns:
        Percent; negative if corruptions help the model.

    Raises:
        ValueError: See :func:`corruption_errors`.
    """
    ratios = corruption_errors(errors, baseline, clean, baseline_clean)
    return sum(ratios.values()) / len(ratios)


def compare_sections(section: Mapping[str, Any], baseline: Mapping[str, Any]) -> dict[str, float]:
    """The mCE and relative mCE of one study against another.

    Args:
        section: What :func:`mmtips.robustness.robustness_study` returned.
        baseline: The same of the baseline.

    Returns:
        ``mCE`` and ``relative mCE`` in percent.

    Raises:
        ValueError: If the studies have other metrics or cells, see also :func:`corruption_errors`.
    """
    for key in ALIKE:
        if key in section and key in baseline and section[key] != baseline[key]:
            raise ValueError(f'baseline: expected {key} {section[key]!r}, got {baseline[key]!r}: measure both alike')
    (errors, clean), (base, base_clean) = ((error_table(study['corruptions']), 100 - study['clean'])
                                           for study in (section, baseline))
    return {'mCE': mean_corruption_error(errors, base),
            'relative mCE': relative_mean_corruption_error(errors, clean, base, base_clean)}


def require_same_cells(errors: Table, baseline: Table) -> None:
    """Refuse tables of other corruptions or severities.

    Args:
        errors: By corruption and severity.
        baseline: By corruption and severity.

    Raises:
        ValueError: If a cell is absent from one of them, or there is none at all.
    """
    cells, others = ({(corruption, severity) for corruption, row in table.items() for severity in row}
                     for table in (errors, baseline))
    for name, absent in (('errors', others - cells), ('baseline', cells - others)):
        if absent:
            listed = ', '.join(f'{corruption} at severity {severity}' for corruption, severity in sorted(absent))
            raise ValueError(f'{name}: expected the same cells in both tables, but absent here: {listed}. Measure '
                             'both models with the same corruptions and severities')
    empty = sorted({*errors, *baseline} - {corruption for corruption, _ in cells})
    if empty or not cells:
        raise ValueError(f'errors: expected at least one severity of each corruption, got none of {empty or "any"}')
