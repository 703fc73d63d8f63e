# Copyright (c) mmtips authors. All rights reserved.
"""Benchmark results as tables, and what their figures are."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mmtips import report
from mmtips.benchmark.settings import Setting

Row = dict[str, Any]
MISSING = '-'
#: How files of other kinds in the same folder are named.
OTHERS = ('evaluation', 'profile-')


def load_results(folder: Path) -> dict[str, dict[str, Any]]:
    """Read every benchmark of a folder.

    Args:
        folder: The folder; files that were put aside under the name of their date, and other kinds, are left out.

    Returns:
        Valid results by ``<suite>-<setting>``, the names of the files, in alphabetical order.
    """
    paths = [path for path in sorted(folder.glob('*.json')) if '.' not in path.stem
             and not path.stem.startswith(OTHERS)]
    return {path.stem: report.load_result(path, 'benchmark') for path in paths}


def find_row(case: dict[str, Any], name: str) -> Row:
    """The row of a case with this name.

    Args:
        case: A case of a result.
        name: The name.

    Returns:
        The row.

    Raises:
        ValueError: If there is none.
    """
    for row in case['rows']:
        if row['name'] == name:
            return row
    raise ValueError(f"name: expected one of {[row['name'] for row in case['rows']]}, got {name!r}")


def _ratio(row: Row, reference: str, kind: str) -> str:
    if reference not in row['ratios']:
        return MISSING
    of = row['ratios'][reference][kind]
    return f"{of['median']:.2f} ({of['low']:.2f} to {of['high']:.2f})"


def _median(row: Row, kind: str) -> str:
    milliseconds = row[f'{kind}_ms']['median']
    return f'{milliseconds:.2f} ms' if milliseconds < 100 else f'{milliseconds:,.0f} ms'


def _megabytes(value: int | None) -> str:
    return MISSING if value is None else f'{value / 1e6:,.1f} MB'


def _share(row: Row) -> str:
    return MISSING if row['copy_share'] is None else f"{100 * row['copy_share']['median']:.0f} %"


def _columns(result: dict[str, Any]) -> dict[str, Callable[[Row], str]]:
    columns: dict[str, Callable[[Row], str]] = {}
    for kind, heading in (('forward', 'forward'), ('step', 'training step')):
        columns[heading] = partial(_median, kind=kind)
        for name in result['references']:
            columns[f'{heading} / {name}'] = partial(_ratio, reference=name, kind=kind)
    return columns | {
        'kept for backward': lambda row: _megabytes(row['saved_bytes']),
        'peak, forward': lambda row: _megabytes(row['peak_bytes']['forward']),
        'peak, step': lambda row: _megabytes(row['peak_bytes']['step']),
        'share of copy': _share,
        'bytes at least': lambda row: _megabytes(row['minimal_bytes']),
        'MMACs': lambda row: f"{row['macs'] / 1e6:,.1f}",
        'parameters': lambda row: f"{row['parameters']:,}",
        'compiled in': lambda row: MISSING if row['compiled'] is None else
        f"{row['compiled']['forward_s']:.1f} s + {row['compiled']['step_s']:.1f} s",
        'graph breaks': lambda row: MISSING if row['compiled'] is None else str(row['compiled']['graph_breaks']),
    }


def table(result: dict[str, Any], case: dict[str, Any], operator: str | None = None
          ) -> tuple[list[str], list[list[str]]]:
    """The rows of a case.

    Args:
        result: A valid result of kind ``'benchmark'``.
        case: One of its cases.
        operator: Only those of this operator and the references; all if not given.

    Returns:
        Headings and rows; columns in which no row has a figure are left out.
    """
    rows = [row for row in case['rows'] if operator is None or row['name'] in result['references']
            or (row['operator'] or {}).get('type') == operator]
    columns = {heading: [read(row) for row in rows] for heading, read in _columns(result).items()}
    columns = {heading: cells for heading, cells in columns.items() if set(cells) != {MISSING}}
    shape = ' x '.join(map(str, case['shape']))
    return [f"{case['title']}, {shape}", *columns], [[row['name'], *cells] for row, *cells in zip(
        rows, *columns.values(), strict=True)]


def said_setting(result: dict[str, Any]) -> str:
    """Type, layout, mode, device, threads, rounds and commit of a result."""
    run = result['run']
    threads = f", {run['threads']} thread(s)" if result['setting']['device'] == 'cpu' else ''
    return (f"{Setting(**result['setting']).said}, {run['device']}{threads}, torch {run['versions']['torch']}, "
            f"{result['rounds']} rounds, commit {run['commit']}")


def caption(result: dict[str, Any]) -> str:
    """What the figures are, and the bandwidth of a copy in the same rounds."""
    copies = [f"{case['copy']['bytes'] / case['copy']['ms']['median'] / 1e6:.1f}" for case in result['cases']]
    return (f'{said_setting(result)}. Times are medians over interleaved rounds; ratios are medians and quartiles '
            f"within the rounds. A copy of the input moved {' and '.join(copies)} GB/s. MMACs are those of one sample "
            'and count convolutions alone: no norms, no pooling, no products per location (DDAC).')


def section(result: dict[str, Any], operator: str | None = None,
            cases: Sequence[dict[str, Any]] | None = None) -> str:
    """All tables of a result, with their caption, in Markdown.

    Args:
        result: A valid result of kind ``'benchmark'``.
        operator: As for :func:`table`.
        cases: Which of its cases; all if not given.

    Returns:
        Markdown.
    """
    tables = [report.markdown_table(*table(result, case, operator)) for case in (cases or result['cases'])]
    return '\n\n'.join([*tables, caption(result)])
