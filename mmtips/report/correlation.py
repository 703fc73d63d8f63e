# Copyright (c) mmtips authors. All rights reserved.
"""Does maximum-sampling bias go with shift consistency? Over cells of (operator, architecture, data).

The question is the TIPS paper's (Saha & Gokhale, WACV 2025), which reports a negative correlation over its networks.
The bias of a network is the mean over its downsampling sites (:func:`mmtips.evaluation.mean_bias`), which is ours.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mmtips.arguments import check_integer
from mmtips.evaluation.probe import LOSSLESS
from mmtips.notation import operator_name
from mmtips.report.columns import network_bias
from mmtips.report.results import run_information
from mmtips.report.schemas import Result, validate
from mmtips.report.tables import aligned

FORMS = ('selection', 'weight')
ROWS = ('overall', 'foreground')
LEVEL = 0.95
#: What sites are called that the hosts bring along.
HOSTS = ('strided convolution', 'max pool', 'average pool')


def pearson(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's correlation along the last axis.

    Args:
        x: ``(..., n)``.
        y: ``(..., n)``.

    Returns:
        ``(...)``, in [-1, 1]; nan where x or y is constant.
    """
    deviations = [values - values.mean(-1, keepdims=True) for values in (x, y)]
    # Equal values have no deviation, but their mean may be rounded.
    constant = (np.ptp(x, axis=-1) == 0) | (np.ptp(y, axis=-1) == 0)
    scale = np.sqrt((deviations[0]**2).sum(-1) * (deviations[1]**2).sum(-1))
    product = (deviations[0] * deviations[1]).sum(-1)
    return np.where(constant, np.nan, np.clip(product / np.where(constant, 1, scale), -1, 1))


def spearman(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation along the last axis: Pearson's of the ranks, equal values sharing their mean rank."""
    from scipy.stats import rankdata  # more than a second, for the one tool that correlates
    return pearson(rankdata(x, axis=-1), rankdata(y, axis=-1))


def estimate(statistic: Callable[[np.ndarray, np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray,
             resamples: int = 10_000, seed: int = 0) -> dict[str, float]:
    """A correlation with its 95 % percentile bootstrap interval: cells are drawn with replacement.

    Args:
        statistic: :func:`pearson` or :func:`spearman`.
        x: ``(n,)``.
        y: ``(n,)``.
        resamples: Bootstrap samples, >= 1; those in which all x or all y are equal have no correlation and are left
            out.
        seed: Seed of the resampling.

    Returns:
        ``value``, ``low`` and ``high``.

    Raises:
        ValueError: If ``resamples`` is below 1.
    """
    check_integer('resamples', resamples, 1)
    drawn = np.random.default_rng(seed).integers(len(x), size=(resamples, len(x)))
    values = statistic(x[drawn], y[drawn])
    known = values[~np.isnan(values)]
    value = float(statistic(x, y))
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if known.size else (value, value)
    return dict(value=value, low=float(low), high=float(high))


def read_cells(results: Mapping[str, Result], form: str, protocol: str, row: str) -> list[dict[str, Any]]:
    """Bias and consistency of each result.

    Args:
        results: Results of shift evaluations, by the name of the file.
        form: One of :data:`FORMS`.
        protocol: Of the consistency.
        row: One of :data:`ROWS`.

    Returns:
        For each ``name``, ``config``, ``dataset``, ``operator``, ``bias`` in [0, 1], and ``consistency`` in percent,
        with its interval.

    Raises:
        ValueError: If a result lacks what is asked for, or was measured under other settings than the first, or two
            are of the same checkpoint; the message names the files.
    """
    cells: list[dict[str, Any]] = []
    checkpoints: dict[tuple[str, ...], str] = {}
    first, settings = '', None
    for source, result in results.items():
        bias = _bias(source, result, form)
        measure = result['shift'].get(protocol)
        if measure is None or row not in measure:
            there = [f'{name}, {kind}' for name, of in result['shift'].items() for kind in ROWS if kind in of]
            raise ValueError(f'{source}: no consistency {protocol!r}, {row!r}: expected one of {there}')
        # How many pairs were drawn, and which, changes the precision only.
        own = {key: value for key, value in measure['protocol'].items() if key not in ('pairs', 'seed')}
        first, settings = (source, own) if settings is None else (first, settings)
        if own != settings:
            raise ValueError(f'{source}: measured under {own}, and {first} under {settings}: what is compared has to '
                             'be measured under one protocol')
        key = (result['checkpoint']['sha256'], result['data']['dataset'], _operator(result))
        if key in checkpoints:
            raise ValueError(f'{source}: the same checkpoint on the same data as {checkpoints[key]}: leave one out')
        checkpoints[key] = source
        cells.append(dict(name=result['name'], config=result['config'], dataset=result['data']['dataset'],
                          operator=_operator(result), bias=bias, consistency=measure[row]))
    return cells


def _bias(source: str, result: Result, form: str) -> float:
    if result.get('sampling') is None:
        raise ValueError(f"{source}: has no 'sampling': measure it again with sampling bias")
    bias = network_bias(result, form)
    if bias is None:
        sites = result['sampling']['sites']
        missing = [f"{site['path']} ({site['operator']})" for site in sites
                   if site[form] is None and any(site[other] is not None for other in FORMS)]
        raise ValueError(f'{source}: the {form} form is not known at {missing or "any site"}: leave the file out, or '
                         'take another form')
    return bias


def _samples(result: Result) -> bool:
    """Whether no site has an operator that keeps every pixel: the bias of the others would not be the network's."""
    kept = {kind.__name__ for kind in LOSSLESS}
    return not result.get('sampling') or kept.isdisjoint(site['operator'] for site in result['sampling']['sites'])


def _operator(result: Result) -> str:
    """The operator and its options; by its sites where the config has it built in."""
    downsampler = result.get('downsampler')
    if downsampler:
        return operator_name(downsampler)
    own = dict.fromkeys(site['operator'] for site in result['sampling']['sites'] if site['operator'] not in HOSTS)
    return ', '.join(own) or 'stock'


def correlate(results: Mapping[str, Result], form: str = 'selection', protocol: str = 'standard', row: str = 'overall',
              resamples: int = 10_000, seed: int = 0) -> Result:
    """Correlate bias with consistency.

    Args:
        results: Results of shift evaluations, by the name of the file; at least three of networks that sample. Those
            with an operator that keeps every pixel (SPDConv) are left out, and named.
        form: One of :data:`FORMS`.
        protocol: Of the consistency.
        row: One of :data:`ROWS`.
        resamples: Bootstrap samples.
        seed: Seed of the resampling.

    Returns:
        A valid result of kind ``'correlation'``.

    Raises:
        ValueError: As :func:`read_cells`, or if there are fewer than three cells, or all have one bias or one
            consistency.
    """
    sampled = {source: of for source, of in results.items() if _samples(of)}
    cells = read_cells(sampled, form, protocol, row)
    if len(cells) < 3:
        raise ValueError(f'a correlation needs at least 3 results, got {len(cells)}: {list(sampled)}')
    x, y = np.array([cell['bias'] for cell in cells]), np.array([cell['consistency']['value'] for cell in cells])
    for what, values in ((f'{form} bias', x), (f'{protocol} consistency', y)):
        if np.ptp(values) == 0:
            raise ValueError(f'the {what} is {values[0]:g} in all of {list(sampled)}: nothing varies that could be '
                             'correlated')
    settings = next(iter(sampled.values()))['shift'][protocol]['protocol']
    return validate(dict(
        schema=1, kind='correlation', run=run_information('cpu'), form=form, protocol=settings, row=row,
        interval=dict(method='percentile bootstrap over cells', level=LEVEL, resamples=resamples, seed=seed),
        pearson=estimate(pearson, x, y, resamples, seed), spearman=estimate(spearman, x, y, resamples, seed),
        cells=cells, left_out=[of['name'] for source, of in results.items() if source not in sampled]))


def correlation_text(result: Result) -> str:
    """The cells and the two correlations for a terminal."""
    headings = ['model', 'operator', 'data', f"{result['form']} bias", result['protocol']['name']]
    ordered = sorted(result['cells'], key=lambda cell: cell['bias'])
    lines = [[cell['name'], cell['operator'], cell['dataset'], f"{cell['bias']:.3f}",
              f"{cell['consistency']['value']:.1f}"] for cell in ordered]
    return f'{aligned([headings, *lines])}\n\n{correlation_caption(result)}'


def correlation_caption(result: Result) -> str:
    """What was correlated, and with what outcome, in a paragraph."""
    figures = [f"{name} {of['value']:.2f} ({of['low']:.2f} to {of['high']:.2f})"
               for name, of in (('Pearson', result['pearson']), ('Spearman', result['spearman']))]
    gone = result.get('left_out')
    without = f" Left out, since what keeps every pixel samples nothing: {', '.join(gone)}." if gone else ''
    return (f"{' and '.join(figures)} between maximum-sampling bias ({result['form']} form, mean over sites: a working "
            f"definition) and {result['protocol']['name']} shift consistency ({result['row']}), over "
            f"{len(result['cells'])} cells, with 95 % bootstrap intervals over cells. Cells that share data or an "
            f'architecture are not independent: the intervals are too narrow for them.{without}')
