# Copyright (c) mmtips authors. All rights reserved.
"""The report as a folder: the page, its charts, its tables, and the results that it is made of."""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmtips.report.figures import write_figures
from mmtips.report.files import write_kept
from mmtips.report.page import render_page
from mmtips.report.schemas import Result, validate
from mmtips.report.tables import comparison_csv, markdown


def write_report(results: Sequence[Result], folders: Sequence[Path], directory: Path, title: str) -> Path:
    """Write a report.

    Into ``directory`` go ``index.html``, which needs nothing beside it; ``figures/`` with the charts as PNG and SVG;
    ``table.md`` and ``table.csv``; and ``results/<name>/shift.json`` with the pictures of each result, which
    ``tools/report.py`` reads again. Nothing is lost: a file that is there and has another content is kept under the
    name of its date.

    Args:
        results: At least one result.
        folders: For each result the folder that its figures lie in.
        directory: Where to; it is made.
        title: The heading of the page.

    Returns:
        The page.

    Raises:
        ValueError: If a result does not fit the schema, or the results cannot stand in one table.
        OSError: If the folder cannot be written.
    """
    for result in results:
        validate(result)
    page = render_page(results, folders, title)
    directory.mkdir(parents=True, exist_ok=True)
    for result, folder, name in zip(results, folders, _slugs(results), strict=True):
        place = directory / 'results' / name
        write_kept(json.dumps(result, indent=1) + '\n', place / 'shift.json')
        for file in _pictures(result):
            if (folder / file).is_file():
                write_kept((folder / file).read_bytes(), place / file)
    write_figures(results, directory / 'figures')
    write_kept(f'{markdown(results)}\n', directory / 'table.md')
    write_kept(comparison_csv(results), directory / 'table.csv')
    return write_kept(page, directory / 'index.html')


def _slugs(results: Sequence[Result]) -> list[str]:
    """A folder's name for each result, no two alike, also where capitals do not count."""
    slugs: list[str] = []
    for result in results:
        slug = re.sub(r'[^a-z0-9]+', '-', result['name'].lower()).strip('-')[:80] or 'model'
        names = itertools.chain([slug], (f'{slug}-{number}' for number in itertools.count(2)))
        slugs.append(next(name for name in names if name not in slugs))
    return slugs


def _pictures(result: Result) -> Iterator[str]:
    figures = result['figures']
    for panels in [*figures['examples'].values(), *(item['panels'] for item in figures['gallery'] + figures['layers'])]:
        yield from panels.values()
