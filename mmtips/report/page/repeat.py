# Copyright (c) mmtips authors. All rights reserved.
"""All that a reader needs to repeat a measurement."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmtips.report.schemas import Result

#: What is measured, and shown elsewhere on the page.
MEASURED = ('shift_map.overall', 'shift_map.worst', 'shift_map.shifts', 'sampling.sites', 'robustness.attacks',
            'robustness.corruptions', 'robustness.clean', 'accuracy', 'figures', 'model.latency_ms')


def fields(result: Result) -> dict[str, str]:
    """Every field of a result that says how it was measured, by its path in the file.

    Args:
        result: A result.

    Returns:
        Texts; what was measured itself is left out.
    """
    return {place: _shown(value) for place, value in _flat(result)}


def _flat(value: Mapping[str, Any], start: str = '') -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        place = f'{start}{key}'
        estimate = start.startswith('shift.') and start.count('.') == 2 and key != 'protocol'
        if place in MEASURED or estimate:
            continue
        if isinstance(inner, dict) and inner and place != 'downsampler':
            yield from _flat(inner, f'{place}.')
        else:
            yield place, inner


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(inner, (str, int)) for inner in value):
        return ', '.join(map(str, value)) or 'none'
    return 'none' if value is None else json.dumps(value)


def compared_fields(results: Sequence[Result]) -> list[tuple[str, list[str]]]:
    """The fields of all results.

    Args:
        results: At least one result.

    Returns:
        For each path the texts: one if all results agree, else one for each result, ``-`` where it has no such field.
    """
    own = [fields(result) for result in results]
    places = dict.fromkeys(place for of in own for place in of)
    rows = [(place, [of.get(place, '-') for of in own]) for place in places]
    return [(place, texts[:1] if len(set(texts)) == 1 else texts) for place, texts in rows]


def _beside(result: Result) -> list[str]:
    """The options for what was measured beside the protocols."""
    shift_map, sampling = result['shift_map'], result['sampling']
    data = result['data']
    options = [f"--border {data['border']}", f"--ignore-index {data['ignore_index']}"]
    options += [f"--background {data['background']}"] if data['background'] is not None else []
    options += ['--skip-bad'] if data['skipped'] else []
    options += [f"--sampling-images {sampling['images'] if sampling else 0}"]
    if shift_map is not None:
        options.append(f"--shift-map {shift_map['max_shift']} --map-protocol {shift_map['protocol']} "
                       f"--map-step {shift_map['step']} --map-images "
                       f"{shift_map['images']}")
    return options


def commands(result: Result) -> str:
    """The command lines that repeat the measurement, with what they cannot say as comments.

    Args:
        result: A result.

    Returns:
        Lines for a shell: one command for all protocols that share their parameters.
    """
    groups: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for name, measure in result['shift'].items():
        parameters = tuple((key, value) for key, value in measure['protocol'].items() if key != 'name')
        groups.setdefault(parameters, []).append(name)
    lines = [f"# {result['checkpoint']['name']}: sha256 {result['checkpoint']['sha256']}"]
    if result.get('downsampler'):
        lines.append(f"# DOWNSAMPLER: the file of {json.dumps(result['downsampler'])}")
    if result.get('cfg_options'):
        lines.append(f"# --cfg-options: {json.dumps(result['cfg_options'])}")
    for parameters, names in groups.items():
        options = [f"--{key.replace('_', '-')} {value}" for key, value in parameters
                   if (key, value) not in (('subpixel', 1), ('size_divisor', 1))]
        config, checkpoint, name = map(shlex.quote, (result['config'], result['checkpoint']['name'], result['name']))
        lines.append(f"python tools/eval_shift.py {config} {checkpoint} \\")
        lines.append(f"  --name {name} --protocols {' '.join([*names, *options, *_beside(result)])}")
    return '\n'.join(line.replace('\n', ' ') for line in lines)
