# Copyright (c) mmtips authors. All rights reserved.
"""Results on disk: checked against the schema of their kind, and nothing is overwritten."""

import json
import math
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

from mmtips.report.files import keep_earlier

Result = dict[str, Any]
#: The version of the results of shift evaluations.
SCHEMA = 2
#: By the kind of a result.
SCHEMAS = {kind: json.loads(files('mmtips.report').joinpath(f'{kind}.schema.json').read_text())
           for kind in ('shift_consistency', 'benchmark', 'evaluation_cost', 'profile', 'correlation', 'evidence')}
#: What measures each kind.
TOOLS = {'shift_consistency': 'tools/eval_shift.py', 'benchmark': 'tools/benchmark.py',
         'evaluation_cost': 'tools/benchmark_evaluation.py', 'profile': 'tools/profile_shares.py',
         'correlation': 'tools/correlate.py', 'robustness': 'tools/eval_robustness.py',
         'evidence': 'tools/evidence.py'}


def _robustness_schema() -> dict[str, Any]:
    """A file that holds one section of a shift evaluation, and says of which checkpoint."""
    whole = SCHEMAS['shift_consistency']
    kept = ('config', 'checkpoint', 'run', 'robustness')
    properties = {name: whole['properties'][name] for name in kept}
    return dict(whole, title='The robustness of one model', required=['schema', 'kind', *kept],
                properties=dict(properties, schema=dict(const=1), kind=dict(const='robustness')))


SCHEMAS['robustness'] = _robustness_schema()


def kind_of(result: Any) -> Any:
    """The kind that a result says it is of: a key of its own, or, in the evidence, the middle of its schema's name."""
    if not isinstance(result, dict):
        return None
    schema = result.get('schema')
    return schema.split('/')[1] if isinstance(schema, str) and schema.count('/') == 2 else result.get('kind')


def validate(result: Result, source: str = 'result') -> Result:
    """Check a result against the schema of its kind.

    Args:
        result: The result.
        source: What to call it in the error.

    Returns:
        The result.

    Raises:
        ValueError: If it does not fit; the message names the place, and where the schema's version is another one,
            both versions.
    """
    kind = kind_of(result)
    if kind not in SCHEMAS:
        raise ValueError(f'{source}: not a result of this version of mmtips: $.kind: expected one of {list(SCHEMAS)}, '
                         f'got {kind!r}')
    reads, has = SCHEMAS[kind]['properties']['schema']['const'], result.get('schema')
    if isinstance(has, (int, str)) and has != reads:
        raise ValueError(f'{source}: $.schema: schema {has}; this mmtips reads schema {reads}: measure it again with '
                         f'{TOOLS[kind]}')
    schema = jsonschema.Draft202012Validator(SCHEMAS[kind])
    error = jsonschema.exceptions.best_match(schema.iter_errors(result))
    if error is not None:
        raise ValueError(f'{source}: not a result of this version of mmtips: {error.json_path}: {error.message}')
    for place, fault in _impossible(result):
        raise ValueError(f'{source}: not a result of this version of mmtips: {place}: {fault}')
    return result


def _impossible(value: Any, place: str = '$') -> Iterator[tuple[str, str]]:
    """What no schema can say: numbers that are none, intervals that end before they begin, maps of another grid."""
    if isinstance(value, float) and not math.isfinite(value):
        yield place, f'expected a finite number, got {value}'
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _impossible(part, f'{place}.{key}' if isinstance(key, str) else f'{place}[{key}]')
    if not isinstance(value, dict):
        return
    if isinstance(value.get('low'), (int, float)) and isinstance(value.get('high'), (int, float)) and \
            value['low'] > value['high']:
        yield place, f"expected low <= high, got {value['low']} and {value['high']}"
    shifts, grid = value.get('shifts'), value.get('overall')
    if isinstance(shifts, list) and isinstance(grid, list) and {len(shifts)} != {len(grid), *map(len, grid)}:
        yield f'{place}.overall', f'expected {len(shifts)} x {len(shifts)} values, one for each pair of shifts'


def load_result(path: Path, kind: str = 'shift_consistency') -> Result:
    """Read and validate a result.

    Args:
        path: A JSON file that :func:`write_result` wrote.
        kind: The kind that is expected, one of :data:`SCHEMAS`.

    Returns:
        The result.

    Raises:
        ValueError: If the file is no JSON, does not fit the schema, was written under another version of it, or is of
            another kind.
    """
    try:
        result = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f'{path}: not a JSON file: {error}') from error
    validate(result, str(path))
    if kind_of(result) != kind:
        raise ValueError(f'{path}: expected a result of kind {kind!r}, got {kind_of(result)!r}')
    return result


def write_result(result: Result, path: Path) -> None:
    """Validate a result and write it; a file that is there already is kept under the name of its own date.

    Args:
        result: The result.
        path: Where to.
    """
    validate(result)
    path.parent.mkdir(parents=True, exist_ok=True)
    keep_earlier(path)
    path.write_text(json.dumps(result, indent=1, allow_nan=False) + '\n')


def write_derived(result: Result, path: Path) -> None:
    """:func:`write_result` for what was computed from files: one that differs in its ``run`` alone stays as it is.

    Args:
        result: The result.
        path: Where to.
    """
    try:
        there = json.loads(path.read_text())
    except (OSError, ValueError):
        there = {}
    if not isinstance(there, dict) or there | dict(run=None) != result | dict(run=None):
        write_result(result, path)
