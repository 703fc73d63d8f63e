# Copyright (c) mmtips authors. All rights reserved.
"""The cost of each operator in its method card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmtips import report
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.tables import section

#: The suites that a card shows, those of the index, and their setting.
SUITES, INDEX, SETTING = ('layers', 'resnet50'), ('layers', 'resnet50', 'sites'), Setting()


def render_cards(folder: Path, results: Mapping[str, dict[str, Any]]) -> list[Path]:
    """Put the rows of each operator into its card, between the marks ``<!-- cost -->`` and ``<!-- /cost -->``.

    Args:
        folder: The folder of the cards, named after the operators; ``README.md`` gets all rows.
        results: Benchmark results by ``<suite>-<setting>``.

    Returns:
        The files that were written.
    """
    cards = sorted(folder.glob('*.md'))
    for card in cards:
        operator = None if card.stem == 'README' else card.stem
        keys = [f'{suite}-{SETTING.name}' for suite in (INDEX if operator is None else SUITES)]
        parts = [section(results[key], operator) for key in keys if key in results]
        report.insert_table(card, '\n\n'.join(parts), 'cost')
    return cards
