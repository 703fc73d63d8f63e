# Copyright (c) mmtips authors. All rights reserved.
"""What ``docs/evidence.md`` and the README show of the evidence, generated from ``results/evidence``."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

from mmtips.report.evidence.answer import answer
from mmtips.report.evidence.checks import FLAT, convergence, departures, is_flat
from mmtips.report.evidence.choice import otherwise, recommendation
from mmtips.report.evidence.correlations import correlation_table
from mmtips.report.evidence.figures import FIGURES
from mmtips.report.evidence.lengths import length_table
from mmtips.report.evidence.studies import (
    BASELINE,
    PUBLISHED,
    STOCK,
    comparable,
    finished,
    lost,
    missing,
    tasks_of,
    whole,
)
from mmtips.report.evidence.summary import summary
from mmtips.report.evidence.tables import (
    control_table,
    difference_table,
    fair_table,
    pooled_control_table,
    pooled_table,
    rate_table,
    said_bounds,
)
from mmtips.report.evidence.variants import variant_table
from mmtips.report.evidence.words import joined
from mmtips.report.schemas import Result
from mmtips.report.tables import insert_table, markdown_table

Studies = Mapping[str, Result]
#: What the study of each name says, where its file is missing.
WHAT = {
    'search': 'the learning rates', 'ablation': 'the ablations', 'variants': 'the variants',
    'final': 'the final runs', 'time': 'the runs of equal wall time', 'longer': 'the runs of twice the length'
}
#: Of the tables of studies that train longer or shorter than the final runs.
HEADINGS = {'time': 'equal wall time', 'longer': 'twice as long'}


def outstanding(study: str, studies: Studies, folder: str = 'results/evidence') -> str:
    """What stands in the place of a study that has no file, or is not finished."""
    left = missing(studies[study]) if study in studies else 0
    state = f'are not finished: {left} trainings are left' if left else 'have not been run'
    return f'**Outstanding**: {WHAT[study]} (`{folder}/{study}.json`) {state}.'


def _protocols(studies: Studies) -> str:
    """What each study was run with, as its file says."""
    ready = whole(studies)
    return '\n\n'.join(f"{_run(ready[study])} `{json.dumps(ready[study]['protocol'], sort_keys=True)}`"
                       if study in ready else outstanding(study, studies) for study in WHAT)


def _run(result: Result) -> str:
    """How many trainings a study has, how long these took without validation and measuring, and where they ran."""
    run, rows = result['run'], len(result['rows'])
    hours = math.fsum(row['seconds'] for row in result['rows']) / 3600
    return f"`{result['study']}`: {rows} trainings of {hours:.1f} hours together, measured on the {result['split']} " \
           f"split; {run['device']}, {run['threads']} thread(s), torch {run['versions'].get('torch', '?')}, commit " \
           f"{run['commit']}, {run['created'][:10]}."


def _fair(studies: Studies) -> str:
    tables = [f'### {name}\n\n{fair_table(cells)}' for name, cells in comparable(studies['final']).items()]
    return '\n\n'.join(filter(None, [*tables, _lost(studies['final'])]))


def _differences(studies: Studies) -> str:
    said = []
    for name in comparable(studies['final']):
        first, second = (difference_table(name, comparable(studies['final'], baseline)[name], baseline, 'final')
                         for baseline in (BASELINE, STOCK))
        said.append(f'### {name}: differences\n\n{first}\n\n<details><summary>against {STOCK}</summary>\n\n{second}'
                    '\n\n</details>')
    return '\n\n'.join(said)


def _pooled(studies: Studies) -> str:
    settings = comparable(studies['final'])
    tables = [table(settings, task, 'final') for table in (pooled_table, pooled_control_table)
              for task in tasks_of(settings)]
    each = control_table(studies['final'])
    head = 'The same in each setting, adjusted over the few rows of a table alone:' if each else ''
    return '\n\n'.join(filter(None, [*tables, head, each]))


def _again(studies: Studies, name: str) -> str:
    """The table of a study that trains longer or shorter than the final runs, and its differences."""
    tables = [f'### {setting}: {HEADINGS[name]}\n\n{fair_table(cells)}\n\n'
              f'{difference_table(setting, cells, BASELINE, name)}'
              for setting, cells in comparable(studies[name]).items()]
    return '\n\n'.join(filter(None, [*tables, control_table(studies[name]), _lost(studies[name])]))


def _others(studies: Studies) -> list[Result]:
    """The studies that train longer or shorter than the final runs, those that there are."""
    return [studies[name] for name in HEADINGS if name in studies]


def _longer(studies: Studies) -> str:
    """The table of the longer trainings, behind what they changed."""
    moved = length_table(studies['final'], studies['longer']) if 'final' in studies else ''
    return '\n\n'.join(filter(None, [moved, _again(studies, 'longer')]))


def _variants(study: Result, baseline: str) -> str:
    """The table of a study of configurations, and which of them are not in it."""
    return '\n\n'.join(filter(None, [variant_table(study, baseline), _lost(study), control_table(study, said_bounds)]))


def _lost(study: Result) -> str:
    """Which operators and seeds are not shown, in sentences; nothing if there are none."""
    gone = {key: joined([str(seed) for seed in sorted(seeds)]) for key, seeds in lost(study).items()}
    shared = {key: seeds for key, seeds in gone.items() if key[1] == BASELINE}
    said = [f'Left out for all: seed {seeds}, since {name} diverged in {setting}.' for (setting, name), seeds in
            shared.items()]
    own = [f'{setting}, {name} (seed {seeds})' for (setting, name), seeds in gone.items() if name != BASELINE]
    return ' '.join([*said, *([f'Not compared, since a training diverged: {"; ".join(own)}.'] if own else [])])


def _checks(studies: Studies) -> str:
    """Whether the final runs are what the protocol asks for; the rise of each validation curve at its end."""
    final = studies['final']
    gains = convergence(final)
    lines = [[f'{setting}, {name}', '-' if gain is None else f'{100 * gain.value:+.2f}',
              {True: 'flat', False: '**not flat**', None: 'not known'}[is_flat(gain)]]
             for (setting, name), gain in gains.items()]
    table = markdown_table(['validation score', f'rise over the last quarter (points; flat below {100 * FLAT:g})', ''],
                           lines)
    found = departures(final, studies.get('search'))
    listed = '\n'.join(f'* {said}' for said in found) or '* none: seeds, learning rates and curves are as asked for'
    return f'What the final runs are not, although the protocol asks for it:\n\n{listed}\n\n<details><summary>The ' \
           f'rise of every curve</summary>\n\n{table}\n\n</details>'


def _on_a_gpu(studies: Studies) -> str:
    """What the runs on a GPU say, with where they ran; also before their end, of the seeds that there are."""
    ready = whole(studies)
    left = [] if 'final' in ready else [outstanding('final', studies, 'results/evidence/gpu')]
    shown = {**ready, 'final': finished(studies['final'])} if 'final' in studies else {}
    if not shown or not shown['final']['rows']:
        return '\n\n'.join(left)
    return '\n\n'.join([*left, _run(shown['final']), _pooled(shown), _fair(shown), _checks(shown)])


#: The generated parts of the page: the study that each is made of, and how.
PARTS: dict[str, tuple[str, Callable[[Studies], str]]] = {
    'answer': ('final', lambda studies: answer(studies['final'], *_others(studies))),
    'fair': ('final', _fair),
    'differences': ('final', _differences),
    'pooled': ('final', _pooled),
    'correlation': ('final', lambda studies: correlation_table(comparable(studies['final']))),
    'checks': ('final', _checks),
    'rates': ('search', lambda studies: rate_table(studies['search'])),
    'time': ('time', lambda studies: _again(studies, 'time')),
    'longer': ('longer', _longer),
    'ablation': ('ablation', lambda studies: _variants(studies['ablation'], PUBLISHED)),
    'variants': ('variants', lambda studies: _variants(studies['variants'], BASELINE)),
}


def parts(studies: Studies, gpu: Studies) -> dict[str, str]:
    """The generated parts of the page by the names of their marks.

    Args:
        studies: Valid results by study, see :func:`mmtips.report.evidence.studies.load_studies`.
        gpu: Those of the plan for a GPU.

    Returns:
        Markdown by name.
    """
    ready = whole(studies)
    made = {name: render(ready) if study in ready else outstanding(study, studies)
            for name, (study, render) in PARTS.items()}
    pictures = {f'figure {name}': f'![{figure.caption}](images/evidence_{name}.svg)' if figure.applies(ready)
                else outstanding('final', studies) for name, figure in FIGURES.items()}
    return {'protocols': _protocols(studies), 'gpu': _on_a_gpu(gpu), **made, **pictures}


def short(studies: Studies) -> str:
    """What the README says: who is best, how TIPS as published does, and what is recommended."""
    if 'final' not in whole(studies):
        return outstanding('final', studies)
    final = studies['final']
    lengths = '\n'.join(f'* {said}' for other in _others(whole(studies)) for said in otherwise(final, other))
    return '\n\n'.join(filter(None, [summary(final), recommendation(final), lengths]))


def render_evidence(page: Path, readme: Path, studies: Studies, gpu: Studies) -> list[Path]:
    """Put the generated parts between their marks: ``<!-- answer -->`` and ``<!-- /answer -->`` and so on.

    Args:
        page: ``docs/evidence.md``.
        readme: The README, whose part is called ``evidence``.
        studies: Valid results by study.
        gpu: Those of the plan for a GPU.

    Returns:
        The files.

    Raises:
        ValueError: If a mark is missing, or a pair of cells that is compared lacks a seed.
    """
    for name, text in parts(studies, gpu).items():
        insert_table(page, text, name)
    insert_table(readme, short(studies), 'evidence')
    return [page, readme]
