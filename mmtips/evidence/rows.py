# Copyright (c) mmtips authors. All rights reserved.
"""The rows of the tables as one writes them in a config, so that what a table recommends can be typed."""

from mmtips.evidence.plan import Operator, Plan
from mmtips.notation import written
from mmtips.report.tables import markdown_table


def row_table(plan: Plan, study: str) -> str:
    """The operators of a study: the downsampler of each, and what its training has beside it.

    Args:
        plan: The plan.
        study: Name of one of its studies.

    Returns:
        Markdown, with Python code in its cells.

    Raises:
        ValueError: If there is no such study.
    """
    lines = [[name, 'none: the backbone of the host' if of.config is None else f'`{written(of.config)}`',
              ', '.join(f'`{entry}`' for entry in _beside(of))]
             for name, of in plan.of_study(plan.study(study)).items()]
    return markdown_table(['row', '`downsampler`', 'beside it'], lines)


def _beside(of: Operator) -> list[str]:
    """The other entries of a config, an assignment each."""
    entries = dict(sites=of.sites, custom_hooks=of.hooks)
    return [f'{key}={written(value)}' for key, value in entries.items() if value]
