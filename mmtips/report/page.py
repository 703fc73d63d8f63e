# Copyright (c) mmtips authors. All rights reserved.
"""The report as one HTML file that can be sent around."""

import base64
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment

from mmtips.report.results import Result
from mmtips.report.tables import caption, comparison, per_class

#: Columns in percent, of which the best is marked.
PERCENTAGES = ('accuracy', 'mIoU', 'accuracy/top1', 'standard', 'standard, foreground', 'circular',
               'circular, foreground', 'fidelity', 'joint')


def render_page(results: Sequence[Result], folders: Sequence[Path], title: str) -> str:
    """Render the comparison of results.

    Args:
        results: At least one result.
        folders: For each result the folder that its figures lie in.
        title: The heading.

    Returns:
        HTML with all pictures inside.
    """
    headings, rows = comparison(results)
    environment = Environment(autoescape=True, trim_blocks=True)
    template = environment.from_string(files('mmtips.report').joinpath('page.html').read_text())
    return template.render(title=title, results=results, headings=headings, rows=rows, best=_best(headings, rows),
                           caption=caption(results).replace('**', ''), per_class=per_class(results),
                           examples=_examples(results, folders))


def _best(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[int, str]:
    if len(rows) < 2:
        return {}
    columns = [column for column, heading in enumerate(headings) if heading in PERCENTAGES]
    return {column: max((row[column] for row in rows if row[column][0].isdigit()), default='',
                        key=lambda cell: float(cell.split()[0])) for column in columns}


def _examples(results: Sequence[Result], folders: Sequence[Path]) -> list[list[dict[str, str]]]:
    """For each example that every result has pictures of, the panels of each result, ready to be shown."""
    pairs = zip(results, folders, strict=True)
    files = [{example: {panel: folder / name for panel, name in panels.items()}
              for example, panels in result['figures'].items()} for result, folder in pairs]
    present = [{example for example, panels in of.items() if all(path.is_file() for path in panels.values())}
               for of in files]
    return [[{panel: _embedded(path) for panel, path in of[example].items()} for of in files]
            for example in sorted(set.intersection(*present))]


def _embedded(path: Path) -> str:
    return f'data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}'
