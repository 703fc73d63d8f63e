# Copyright (c) mmtips authors. All rights reserved.
"""One table for the terminal, the README and the page."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from mmtips.report.results import Result

MISSING = '-'


def _estimate(protocol: str, row: str) -> Callable[[Result], str]:
    def read(result: Result) -> str:
        estimate = result['shift'].get(protocol, {}).get(row)
        if estimate is None:
            return MISSING
        half = (estimate['high'] - estimate['low']) / 2
        return f"{estimate['value']:.1f} ± {half:.1f}"

    return read


def _fidelity(result: Result) -> str:
    product = result['shift'].get('standard', {}).get('fidelity')
    return MISSING if product is None else f'{product:.1f}'


def _accuracy(result: Result) -> str:
    return MISSING if result['accuracy'] is None else f"{result['accuracy']['value']:.1f}"


def _latency(result: Result) -> str:
    latency = result['model']['latency_ms']
    return f"{latency['median']:.1f} ms ({latency['low']:.1f} to {latency['high']:.1f})"


#: Heading and how to read it from a result, in the order of the table.
COLUMNS: dict[str, Callable[[Result], str]] = {
    'model': lambda result: result['name'],
    'accuracy': _accuracy,
    'standard': _estimate('standard', 'overall'),
    'standard, foreground': _estimate('standard', 'foreground'),
    'circular': _estimate('circular', 'overall'),
    'circular, foreground': _estimate('circular', 'foreground'),
    'fidelity': _fidelity,
    'joint': _estimate('standard', 'joint'),
    'parameters': lambda result: f"{result['model']['parameters'] / 1e3:,.0f} k",
    'GMACs': lambda result: f"{result['model']['gmacs']:.3f}",
    'latency': _latency,
}


def comparison(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    """Set results side by side.

    Args:
        results: At least one result.

    Returns:
        The headings and one row per result; columns that no result has are left out, and the accuracy is called by
        its name if all results agree on it.
    """
    rows = [[read(result) for read in COLUMNS.values()] for result in results]
    kept = [column for column in range(len(COLUMNS)) if any(row[column] != MISSING for row in rows)]
    metrics = {result['accuracy']['metric'] for result in results if result['accuracy'] is not None}
    names = [metrics.copy().pop() if name == 'accuracy' and len(metrics) == 1 else name for name in COLUMNS]
    return [names[column] for column in kept], [[row[column] for column in kept] for row in rows]


def per_class(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    """Set the consistency of each class side by side.

    Args:
        results: At least one result.

    Returns:
        The headings and one row per class, with a column for each protocol of each result; no rows for classification.
    """
    columns = [(f"{result['name']}, {protocol}", measure['per_class']) for result in results
               for protocol, measure in result['shift'].items()]
    names = list(dict.fromkeys(name for _, estimates in columns for name in estimates))
    rows = [[name, *(f"{estimates[name]['value']:.1f}" if name in estimates else MISSING for _, estimates in columns)]
            for name in names]
    return ['class', *(heading for heading, _ in columns)], rows


def caption(results: Sequence[Result]) -> str:
    """One paragraph that says what the figures are: protocol, data, intervals, device; and whether the rows differ."""
    data = _distinct(f"{result['data']['images']} images of {result['data']['dataset']}" for result in results)
    devices = _distinct(f"{result['run']['device']}, {result['run']['threads']} thread(s)" for result in results)
    names = _distinct(name for result in results for name in result['shift'])
    protocols = {name: _distinct(f"{measure['protocol']['pairs']} pairs of views per image, shifts up to "
                                 f"{measure['protocol']['max_shift']} px" for measure in _measures(results, name))
                 for name in names}
    differ = len(data) > 1 or any(len(_distinct(str(measure['protocol']) for measure in _measures(results, name))) > 1
                                  for name in names)
    parts = '; '.join(f"{name}: {' or '.join(of)}" for name, of in protocols.items())
    return (f"{' or '.join(data)}; all consistencies in percent, with half the width of the 95 % bootstrap interval "
            f'over images ({parts}). Fidelity is accuracy x standard consistency as published; joint counts the pixels '
            f"on which both standard views are equal and right. Latency: one image on {' or '.join(devices)}, median "
            'and quartiles, the models one after another: small differences mean nothing.'
            + (' **The rows were measured on different data or under different protocols.**' if differ else ''))


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _measures(results: Sequence[Result], protocol: str) -> list[dict[str, Any]]:
    return [result['shift'][protocol] for result in results if protocol in result['shift']]


def markdown(results: Sequence[Result]) -> str:
    """The comparison as a Markdown table with its caption."""
    return f'{markdown_table(*comparison(results))}\n\n{caption(results)}'


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Headings and rows in Markdown, the first column to the left and the others to the right."""
    lines = [headings, ['---', *['---:'] * (len(headings) - 1)], *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def text(results: Sequence[Result]) -> str:
    """The comparison for a terminal: models as columns, so that it fits 80 characters."""
    headings, rows = comparison(results)
    return aligned(list(map(list, zip(headings, *rows, strict=True))))


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells as text in columns, the first one to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return '\n'.join('  '.join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines)


def insert_table(path: Path, table: str, name: str = 'results') -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->`` in a Markdown file.

    Args:
        path: The file.
        table: What to put there.
        name: Name of the marks.

    Raises:
        ValueError: If the file does not hold both marks, in this order.
    """
    before, opening, rest = path.read_text().partition(f'<!-- {name} -->')
    _, closing, after = rest.partition(f'<!-- /{name} -->')
    if not (opening and closing):
        raise ValueError(f'{path}: expected the marks <!-- {name} --> and <!-- /{name} -->, in this order')
    path.write_text(f'{before}{opening}\n{table}\n{closing}{after}')
