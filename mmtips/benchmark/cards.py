# Copyright (c) mmtips authors. All rights reserved.
"""Benchmark results as tables, whole or for one method card."""

from pathlib import Path
from typing import Any

from mmtips import report

HEADINGS = ['{title}', 'forward', 'relative', 'training step', 'relative', 'kept for backward', 'MMACs', 'parameters']


def _row(row: dict[str, Any]) -> list[str]:
    def relative(ratio: dict[str, float]) -> str:
        return f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"

    return [row['name'], f"{row['forward_ms']:.2f} ms", relative(row['forward_ratio']), f"{row['step_ms']:.1f} ms",
            relative(row['step_ratio']), f"{row['saved_bytes'] / 1e6:.1f} MB", f"{row['macs'] / 1e6:,.1f}",
            f"{row['parameters']:,}"]


def table(result: dict[str, Any], operator: str | None = None) -> tuple[list[str], list[list[str]]]:
    """The rows of a benchmark.

    Args:
        result: A valid result of kind ``'benchmark'``.
        operator: Only those of this operator and the reference; all if not given.

    Returns:
        Headings and rows.
    """
    rows = [row for row in result['rows'] if operator is None or row['name'] == result['reference']
            or (row['operator'] or {}).get('type') == operator]
    return [heading.format(title=result['title']) for heading in HEADINGS], [_row(row) for row in rows]


def caption(result: dict[str, Any]) -> str:
    """What the figures are."""
    shape = ' x '.join(map(str, result['shape']))
    return (f"{shape}, float32, {result['run']['device']}, {result['run']['threads']} thread(s), {result['rounds']} "
            f"interleaved rounds: median times, and median and quartiles of the ratio to {result['reference']} within "
            'the rounds. MMACs are those of one sample and count convolutions alone: no norms, no pooling, no products '
            'per location (DDAC).')


def render_cards(folder: Path, results: dict[str, dict[str, Any]]) -> list[Path]:
    """Put the rows of each operator into its card, between the marks ``<!-- cost -->`` and ``<!-- /cost -->``.

    Args:
        folder: The folder of the cards, named after the operators; ``README.md`` gets all rows.
        results: Benchmark results by suite.

    Returns:
        The files that were written.
    """
    cards = sorted(folder.glob('*.md'))
    for card in cards:
        operator = None if card.stem == 'README' else card.stem
        parts = [f'{report.markdown_table(*table(result, operator))}\n\n{caption(result)}'
                 for suite, result in results.items() if operator is None or suite != 'sites']
        report.insert_table(card, '\n\n'.join(parts), 'cost')
    return cards
