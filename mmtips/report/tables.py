# Copyright (c) mmtips authors. All rights reserved.
"""One table for the terminal, the README and the page."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mmtips.report.columns import MISSING, columns, leading, protocols
from mmtips.report.comparable import require_comparable
from mmtips.report.schemas import Result

#: As many models as stand side by side on a page.
FEW = 4


def comparison(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    """Set results side by side.

    Args:
        results: At least one result.

    Returns:
        The headings and one row per result; columns that no result has are left out.

    Raises:
        ValueError: If the results were measured on different data or under different protocols.
    """
    require_comparable(results)
    chosen = columns(results)
    return [column.heading for column in chosen], [[column.read(result).text for column in chosen]
                                                   for result in results]


def comparison_csv(results: Sequence[Result]) -> str:
    """The comparison for other programs: numbers unrounded, and intervals in columns of their own.

    Args:
        results: At least one result.

    Returns:
        CSV with a line of headings. Behind a column with intervals follow ``<heading> low`` and ``<heading> high``;
        what a result does not have is empty. Parameters are in thousands, latency in milliseconds.

    Raises:
        ValueError: If the results were measured on different data or under different protocols.
    """
    require_comparable(results)
    lines: list[list[str | float | None]] = [[] for _ in range(len(results) + 1)]
    for column in columns(results):
        cells = [column.read(result) for result in results]
        lines[0].append(column.heading)
        for line, cell in zip(lines[1:], cells, strict=True):
            line.append(cell.text if column.heading == 'model' else cell.value)
        if any(cell.low is not None for cell in cells):
            lines[0] += [f'{column.heading} low', f'{column.heading} high']
            for line, cell in zip(lines[1:], cells, strict=True):
                line += [cell.low, cell.high]
    stream = io.StringIO()
    csv.writer(stream, lineterminator='\n').writerows(lines)
    return stream.getvalue()


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
    """One paragraph that says what the figures are: data, intervals, protocols, device.

    Args:
        results: At least one result.

    Returns:
        The paragraph.

    Raises:
        ValueError: If the results were measured on different data or under different protocols.
    """
    require_comparable(results)
    data, main = results[0]['data'], leading(results)
    devices = _distinct(f"{result['run']['device']}, {result['run']['threads']} thread(s)" for result in results)
    parts = '; '.join(f'{name}: {_views(_protocol(results, name))}' for name in protocols(results))
    return (f"{data['images']} images of {data['dataset']}; all consistencies in percent, with half the width of the "
            f'95 % bootstrap interval over images ({parts}). Fidelity is accuracy x {main} consistency as published; '
            f'joint counts the predictions that are equal in both {main} views and right. {_beside(results)}'
            'Latency: one image on '
            f"{' or '.join(devices)}, median and quartiles, the models one after another: small differences mean "
            'nothing.')


def _beside(results: Sequence[Result]) -> str:
    """On what the figures beside the protocols were measured."""
    shift_map, sampling = (next((result[key] for result in results if result[key] is not None), None)
                           for key in ('shift_map', 'sampling'))
    said = []
    if shift_map is not None:
        said.append(f"Worst case: {shift_map['images']} images, every {shift_map['protocol']} shift up to "
                    f"{shift_map['max_shift']} px in steps of {shift_map['step']}. ")
    if sampling is not None:
        said.append(f"MSB: {sampling['images']} images. ")
    return ''.join(said)


def _protocol(results: Sequence[Result], name: str) -> dict[str, Any]:
    return next(result['shift'][name]['protocol'] for result in results if name in result['shift'])


def _views(protocol: dict[str, Any]) -> str:
    steps = '' if protocol['subpixel'] == 1 else f" in steps of 1/{protocol['subpixel']} px"
    reach = protocol['max_shift']
    distance = f'{reach} px' if reach >= 1 else f'{reach:g} of the shorter side'
    return f"{protocol['pairs']} pairs of views per image, shifts up to {distance}{steps}"


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def markdown(results: Sequence[Result]) -> str:
    """The comparison as a Markdown table with its caption; a few models stand in columns, so that it fits a page."""
    headings, rows = comparison(results)
    if len(results) <= FEW:
        headings, *rows = map(list, zip(headings, *rows, strict=True))
    return f'{markdown_table(headings, rows)}\n\n{caption(results)}'


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Headings and rows in Markdown, the first column to the left and the others to the right."""
    lines = [headings, ['---', *['---:'] * (len(headings) - 1)], *rows]
    return '\n'.join('| ' + ' | '.join(cell.replace('|', r'\|') for cell in line) + ' |' for line in lines)


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
