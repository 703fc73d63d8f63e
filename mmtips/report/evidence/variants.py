# Copyright (c) mmtips authors. All rights reserved.
"""Tables of the studies that try configurations: few seeds and many rows, from which nothing is concluded."""

from collections.abc import Mapping
from typing import Any

from mmtips.notation import written
from mmtips.report.evidence.comparison import against_all, cost_ratio, differences
from mmtips.report.evidence.studies import comparable, estimated, rows_of
from mmtips.report.evidence.tables import compared, said_bounds, said_estimate
from mmtips.report.schemas import Result
from mmtips.report.tables import markdown_table


def variant_table(study: Result, baseline: str) -> str:
    """Configurations against one of them: what each changes, and the differences in score and consistency.

    Intervals without verdicts: few seeds and many rows, from which nothing is concluded that is not tested elsewhere.

    Args:
        study: The study ``'ablation'`` or ``'variants'``.
        baseline: The configuration that the others are compared with, in every setting.

    Returns:
        Markdown: a table for each setting.
    """
    tables = []
    for setting, cells in comparable(study, baseline).items():
        own, shown = {setting: cells}, compared(rows_of(cells)[0]['task'])
        pairs = against_all(own, baseline, study['study'])
        columns, lines = [differences(own, measure, pairs, study['study']) for measure in shown], []
        # The baseline stands first, since the others are described by what they change in it.
        for name in sorted(cells, key=lambda other: other != baseline):
            told = [said_estimate(estimated(cells[name], measure), measure) if name == baseline else
                    said_bounds(of.get(name)) for of, measure in zip(columns, shown, strict=True)]
            config = said_config(config_of(cells[name]), config_of(cells[baseline]) if name != baseline else {})
            lines.append([name, config, str(len(cells[name])), *told,
                          f'{cost_ratio(own, name, baseline):.2f}'])
        tables.append(markdown_table([f'{setting}, against {baseline}', 'config of the operator', 'seeds',
                                      *(measure.heading for measure in shown), f'training s / {baseline}'], lines))
    return '\n\n'.join(tables)


def config_of(rows: Mapping[int, Any]) -> dict[str, Any]:
    """The config of an operator, that of its first seed."""
    return dict(next(iter(rows.values()))['config'] or {})


def said_config(config: Mapping[str, Any], baseline: Mapping[str, Any]) -> str:
    """A config as Markdown code; of another form of the baseline's operator only what differs.

    Losses are no part of it: the name of a row says what it changes there.
    """
    relative = bool(config) and config.get('type') == baseline.get('type')
    own = {key: value for key, value in config.items() if not relative or baseline.get(key, ...) != value}
    said = [f'{key}={written(value)}' for key, value in own.items()]
    said += [f'no {key}' for key in baseline if relative and key not in config]
    return f"`{', '.join(said)}`" if said else f"as {baseline['type']}" if relative else 'none'
