# Copyright (c) mmtips authors. All rights reserved.
"""Robustness studies of several models, side by side."""

from collections.abc import Callable, Mapping
from typing import Any

from mmtips.report.page.tables import Table, attacks, corruptions
from mmtips.report.schemas import Result
from mmtips.report.tables import aligned, markdown_table
from mmtips.robustness.errors import ALIKE, compare_sections


def robustness_tables(results: Mapping[str, Result]) -> list[Table]:
    """Scores under attack, and under corruption with mCE against the first model.

    Args:
        results: Results of robustness studies by the name of the model, at least one.

    Returns:
        A table for attacks and one for corruptions, if there are any.

    Raises:
        ValueError: If the studies have another metric, number of images or seed; the message names them.
    """
    conditions = {name: {key: of['robustness'].get(key) for key in ALIKE} for name, of in results.items()}
    first = next(iter(conditions))
    for name, own in conditions.items():
        if own != conditions[first]:
            raise ValueError(f'{name}: measured with {own}, and {first} with {conditions[first]}: measure both alike '
                             'with tools/eval_robustness.py')
    named = [dict(of, name=name) for name, of in results.items()]
    return [table for table in (attacks(named), corruptions(named)) if table.rows]


def robustness_markdown(results: Mapping[str, Result]) -> str:
    """The tables in Markdown, and what they are of."""
    return _joined(results, markdown_table)


def robustness_text(results: Mapping[str, Result]) -> str:
    """The tables for a terminal."""
    return _joined(results, lambda headings, rows: aligned([headings, *rows]))


def _joined(results: Mapping[str, Result], render: Callable[[list[str], list[list[str]]], str]) -> str:
    tables = [render(of.headings, [[cell.text for cell in row] for row in of.rows])
              for of in robustness_tables(results)]
    return '\n\n'.join([*tables, robustness_caption(results)])


def section_text(section: Mapping[str, Any], baseline: Mapping[str, Any] | None = None) -> str:
    """One study for a terminal, a line for each cell.

    Args:
        section: What :func:`mmtips.robustness.robustness_study` returned.
        baseline: The same of another model, for mCE and relative mCE.

    Returns:
        A table.

    Raises:
        ValueError: As :func:`mmtips.robustness.compare_sections`.
    """
    rows = [['clean', '', f"{section['clean']:.2f}"]]
    rows += [[cell['attack'], f"epsilon {cell['epsilon']:g}", f"{cell['accuracy']:.2f}"] for cell in section['attacks']]
    rows += [[name, f'severity {severity}', f'{score:.2f}'] for name, row in section['corruptions'].items()
             for severity, score in row.items()]
    if baseline is not None and section['corruptions']:
        rows += [[name, '', f'{value:.1f}'] for name, value in compare_sections(section, baseline).items()]
    return aligned([['images', 'strength', section['metric']], *rows])


def robustness_caption(results: Mapping[str, Result]) -> str:
    """What was measured, on what, and where, in a sentence."""
    of = next(iter(results.values()))
    section, run = of['robustness'], of['run']
    place = f" behind {section['corrupt_after']}" if section.get('corrupt_after') else ''
    return f"{section['metric']} in percent, {section['images']} images, seed {section['seed']}; corruptions{place} " \
           f"are means over their severities, and mCE is against {next(iter(results))}. {run['device']}, commit " \
           f"{run['commit']}."
