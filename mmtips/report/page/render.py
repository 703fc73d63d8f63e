# Copyright (c) mmtips authors. All rights reserved.
"""Everything that the page shows, put into its templates."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from mmtips.evaluation import PROTOCOLS
from mmtips.report.columns import columns, protocols
from mmtips.report.figures.classes import MOST, class_protocol
from mmtips.report.page import embedded, repeat, tables
from mmtips.report.schemas import Result
from mmtips.report.tables import caption


def render_page(results: Sequence[Result], folders: Sequence[Path], title: str) -> str:
    """Render the comparison of results.

    Args:
        results: At least one result.
        folders: For each result the folder that its figures lie in.
        title: The heading.

    Returns:
        HTML with all pictures, styles and scripts inside: it asks for nothing else.

    Raises:
        ValueError: If there is no result, if the results were measured on different data or under different protocols,
            or if there is not one folder for each.
    """
    said = caption(results)  # refuses what cannot be compared
    if len(folders) != len(results):
        raise ValueError(f'folders: expected one for each of the {len(results)} results, got {len(folders)}')
    environment = Environment(loader=PackageLoader('mmtips.report.page'), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True, undefined=StrictUndefined)
    pairs = list(zip(results, folders, strict=True))
    return environment.get_template('page.html').render(
        title=title, results=results, runs=_runs(results), caption=said, absent=_all(results, 'absent'),
        skipped=_all(results, 'skipped'), summary=tables.summary(results), charts=embedded.draw_charts(results),
        worst=tables.worst(results),
        classes=tables.classes(results), class_protocol=class_protocol(results), most_classes=MOST,
        galleries=[(result['name'], shown) for result, folder in pairs if (shown := embedded.gallery(result, folder))],
        examples=embedded.examples(results, folders), sites=tables.all_sites(results),
        attacks=tables.attacks(results), corruptions=tables.corruptions(results),
        layers=[(result['name'], shown) for result, folder in pairs if (shown := embedded.layers(result, folder))],
        fields=repeat.compared_fields(results), commands=[(result['name'], repeat.commands(result))
                                                          for result in results],
        protocols=[(name, PROTOCOLS[name].source) for name in protocols(results)],
        glossary=[(column.heading, column.meaning) for column in columns(results)])


def _runs(results: Sequence[Result]) -> list[str]:
    """When, on what and with which code the results were measured, each said once."""
    runs = [result['run'] for result in results]
    said = {'measured': [run['created'][:10] for run in runs], 'on': [run['device'] for run in runs],
            'mmtips': [run['versions'].get('mmtips', 'unknown') for run in runs],
            'commit': [run['commit'] for run in runs]}
    return [f"{what} {', '.join(dict.fromkeys(values))}" for what, values in said.items()]


def _all(results: Sequence[Result], key: str) -> list[str]:
    """What any result lists under this key of its data, without repetition."""
    return list(dict.fromkeys(name for result in results for name in result['data'][key]))
