# Copyright (c) mmtips authors. All rights reserved.
"""Profiles as tables, and what they say in a sentence."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmtips import report
from mmtips.benchmark.shares import evaluation, training

Row = dict[str, Any]
NOTHING = 'Not measured yet.'
#: What is called the model in a training, and in an evaluation.
MODEL = {'training': (training.FORWARD, training.BACKWARD, training.OPTIMIZER),
         'evaluation': (evaluation.NETWORK, evaluation.HOST)}
READING = {'training': (training.READING, ), 'evaluation': (evaluation.READING, )}
#: Operations below this share are summed up.
SMALL = 0.03


def load_profiles(folder: Path) -> dict[str, dict[str, Any]]:
    """Read every profile of a folder.

    Args:
        folder: The folder; files that were put aside under the name of their date are left out.

    Returns:
        Valid results by section, ``'training'``, ``'evaluation'`` or ``'operations'``: the names of the files without
        ``profile-``.
    """
    paths = [path for path in sorted(folder.glob('profile-*.json')) if '.' not in path.stem]
    return {path.stem.removeprefix('profile-'): report.load_result(path, 'profile') for path in paths}


def share(row: Row, parts: Collection[str]) -> float:
    """The share of some parts in a row, in [0, 1]."""
    return sum(row['parts'].get(part, 0.) for part in parts) / sum(row['parts'].values())


def milliseconds(value: float) -> str:
    """Three digits are all that a profile is good for."""
    return f'{value / 1000:.1f} s' if value >= 9950 else f'{value:,.0f} ms' if value >= 100 else f'{value:.1f} ms'


def parts_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: a line for each part, a column for each row of a profile."""
    parts = list(dict.fromkeys(part for row in rows for part in row['parts']))
    lines = [[part, *(f"{milliseconds(row['parts'].get(part, 0.))} ({100 * share(row, [part]):.0f} %)" for row in rows)]
             for part in parts]
    total = ['**all**', *(f"**{milliseconds(sum(row['parts'].values()))}**" for row in rows)]
    return ['part', *(f"{row['name']}, {row['condition']}" for row in rows)], [*lines, total]


def operations_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: what was profiled, the time of a call, and the shares of its operations."""
    lines = []
    for row in rows:
        shares = {part: share(row, [part]) for part in row['parts']}
        large = {part: value for part, value in sorted(shares.items(), key=lambda item: -item[1]) if value >= SMALL}
        said = [f'`{part}` {100 * value:.0f} %' for part, value in large.items()]
        others = len(shares) - len(large)
        said += [f'{others} others {100 * (1 - sum(large.values())):.0f} %'] if others else []
        lines.append([row['name'], row['condition'], milliseconds(sum(row['parts'].values())), ', '.join(said)])
    return ['layer', 'input', 'a call', 'of which'], lines


def _range(rows: Sequence[Row], parts: Collection[str]) -> str:
    """Shares in percent, from the least to the largest."""
    values = sorted({round(100 * share(row, parts)) for row in rows})
    return f'{values[0]} %' if len(values) == 1 else f'{values[0]} to {values[-1]} %'


def _caption(result: dict[str, Any]) -> str:
    run, counts = result['run'], {f"{row['count']} {row['unit']}" for row in result['rows']}
    config = '' if result['config'] is None else f"{result['config']}, "
    return (f"{config}{run['device']}, {run['threads']} thread(s), torch {run['versions']['torch']}, "
            f"each of {' and '.join(sorted(counts))}(s), commit {run['commit']}.")


def training_text(result: dict[str, Any]) -> str:
    """Table and summary of the profile of a training."""
    rows = result['rows']
    said = [f"{phase}: {_range(of, MODEL['training'])} and {_range(of, READING['training'])}"
            for phase in dict.fromkeys(row['condition'] for row in rows)
            for of in [[row for row in rows if row['condition'] == phase]]]
    return (f"{report.markdown_table(*parts_table(rows))}\n\nThe model with its optimizer, and reading, take in the "
            f"{'; in the '.join(said)}. CPU time of one iteration; {_caption(result)}")


def evaluation_text(result: dict[str, Any]) -> str:
    """Table and summary of the profile of an evaluation."""
    rows = result['rows']
    measuring = [dict(row, parts={part: row['parts'][part] for part in (
        evaluation.READING, evaluation.NETWORK, evaluation.HOST, evaluation.VIEWS, evaluation.COUNTING)})
        for row in rows]
    return (f"{report.markdown_table(*parts_table(rows))}\n\nOf what grows with the images (from reading to counting), "
            f"the model's predictions are {_range(measuring, MODEL['evaluation'])} and reading is "
            f"{_range(measuring, READING['evaluation'])}. CPU time of one process from its start to its end; "
            f'{_caption(result)}')


def operations_text(result: dict[str, Any]) -> str:
    """Table of the profile of layers."""
    return (f"{report.markdown_table(*operations_table(result['rows']))}\n\nTime in each operation without that in "
            'operations that it calls, by the profiler of PyTorch, which slows small operations down. '
            f'{_caption(result)}')


TEXTS = dict(training=training_text, evaluation=evaluation_text, operations=operations_text)


def profile_parts(profiles: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """The generated parts of the page by the names of their marks: ``training shares`` and so on.

    Args:
        profiles: Valid results by section, see :func:`load_profiles`.

    Returns:
        Markdown by name.
    """
    return {f'{section} shares': said(profiles[section]) if section in profiles else NOTHING
            for section, said in TEXTS.items()}
