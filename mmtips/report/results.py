# Copyright (c) mmtips authors. All rights reserved.
"""Results as data: assembled once, validated against a schema, written without overwriting anything."""

import hashlib
import json
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import torch

from mmtips.evaluation import ShiftProtocol, fidelity
from mmtips.report.files import keep_earlier
from mmtips.version import __version__

Result = dict[str, Any]
#: The version of the results of shift evaluations.
SCHEMA = 2
#: By the kind of a result.
SCHEMAS = {kind: json.loads(files('mmtips.report').joinpath(f'{kind}.schema.json').read_text())
           for kind in ('shift_consistency', 'benchmark', 'evaluation_cost', 'correlation')}
#: What measures each kind.
TOOLS = {'shift_consistency': 'tools/eval_shift.py', 'benchmark': 'tools/benchmark.py',
         'evaluation_cost': 'tools/benchmark_evaluation.py', 'correlation': 'tools/correlate.py'}
DISTRIBUTIONS = ('torch', 'torchvision', 'numpy', 'mmengine', 'onedl-mmengine', 'mmcv', 'mmcv-lite', 'mmsegmentation',
                 'onedl-mmsegmentation', 'mmpretrain', 'onedl-mmpretrain')
#: The hosts' names of the figure that counts as accuracy, in the order of preference.
ACCURACIES = ('mIoU', 'accuracy/top1')


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
    kind = result.get('kind') if isinstance(result, dict) else None
    if kind not in SCHEMAS:
        raise ValueError(f'{source}: not a result of this version of mmtips: $.kind: expected one of {list(SCHEMAS)}, '
                         f'got {kind!r}')
    reads, has = SCHEMAS[kind]['properties']['schema']['const'], result.get('schema')
    if isinstance(has, int) and has != reads:
        raise ValueError(f'{source}: $.schema: schema {has}; this mmtips reads schema {reads}: measure it again with '
                         f'{TOOLS[kind]}')
    schema = jsonschema.Draft202012Validator(SCHEMAS[kind])
    error = jsonschema.exceptions.best_match(schema.iter_errors(result))
    if error is not None:
        raise ValueError(f'{source}: not a result of this version of mmtips: {error.json_path}: {error.message}')
    return result


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
    if result['kind'] != kind:
        raise ValueError(f"{path}: expected a result of kind {kind!r}, got {result['kind']!r}")
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
    path.write_text(json.dumps(result, indent=1) + '\n')


def shift_result(name: str, config: str, checkpoint: Path, data: dict[str, Any], model: dict[str, Any],
                 metrics: dict[str, float], protocols: Sequence[ShiftProtocol], summaries: dict[str, dict[str, Any]],
                 *, figures: dict[str, Any] | None = None, robustness: dict[str, Any] | None = None,
                 downsampler: dict[str, Any] | None = None) -> Result:
    """Assemble the result of a shift evaluation.

    Args:
        name: What the model is called in tables.
        config: Name of the config.
        checkpoint: The checkpoint file.
        data: ``dataset``, ``images``, ``skipped`` (names), ``classes``, ``background``, ``ignore_index``, ``border``.
        model: The cost, see :func:`mmtips.report.cost.measure_cost`.
        metrics: What the shift loop returned: the host's metrics and ours, flat. Where they hold none of
            :data:`ACCURACIES`, the result has neither an accuracy nor a fidelity.
        protocols: The protocols of the loop.
        summaries: What its measures say (``loop.metric.summaries``).
        figures: ``examples``, ``gallery`` and ``layers``: files of pictures.
        robustness: What :func:`mmtips.robustness.robustness_study` returned.
        downsampler: Config of the operator, where the config leaves it to ``DOWNSAMPLER``.

    Returns:
        A valid result.
    """
    metric = next((key for key in ACCURACIES if key in metrics), None)
    accuracy = None if metric is None else dict(metric=metric, value=float(metrics[metric]))
    return validate(dict(
        schema=SCHEMA,
        kind='shift_consistency',
        name=name,
        config=config,
        downsampler=downsampler,
        checkpoint=dict(name=checkpoint.name, sha256=hashlib.sha256(checkpoint.read_bytes()).hexdigest()),
        run=run_information(),
        data=dict(data, absent=summaries['truth']['absent']),
        model=model,
        accuracy=accuracy,
        **measurements(protocols, summaries, accuracy),
        robustness=robustness,
        figures=figures or dict(examples={}, gallery=[], layers=[])))


def measurements(protocols: Sequence[ShiftProtocol], summaries: dict[str, dict[str, Any]],
                 accuracy: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the measures of a shift loop say, as it stands in a result.

    Args:
        protocols: The protocols of the loop.
        summaries: What its measures say (``loop.metric.summaries``).
        accuracy: ``metric`` and ``value``, if there is one.

    Returns:
        ``shift``, ``shift_map`` and ``sampling``.
    """
    absent = summaries['truth']['absent']
    shift = {protocol.name: _measure(protocol, summaries[protocol.name], accuracy, absent) for protocol in protocols}
    return dict(shift=shift, shift_map=summaries.get('map'), sampling=summaries.get('sampling'))


def _measure(protocol: ShiftProtocol, estimates: dict[str, dict[str, float]], accuracy: dict[str, Any] | None,
             absent: Sequence[str]) -> dict[str, Any]:
    measure: dict[str, Any] = {row: value for row, value in estimates.items() if not row.startswith('class/')}
    of_classes = {row.removeprefix('class/'): value for row, value in estimates.items() if row not in measure}
    # What is called a class that no image shows is wrong each time: no figure of the class.
    measure['per_class'] = {name: value for name, value in of_classes.items() if name not in absent}
    product = None if accuracy is None else fidelity(accuracy['value'], measure['overall']['value'])
    return dict(protocol=asdict(protocol), fidelity=product, **measure)


def run_information(device: str | None = None) -> dict[str, Any]:
    """When, with which code and on what a result was measured; by default on a GPU if there is one."""
    installed = {'mmtips': __version__, 'python': platform.python_version()}
    for package in DISTRIBUTIONS:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    on_gpu = torch.cuda.is_available() if device is None else device.startswith('cuda')
    name = torch.cuda.get_device_name() if on_gpu else f'CPU ({platform.machine()})'
    return dict(created=datetime.now(timezone.utc).isoformat(timespec='seconds'), commit=_commit(), device=name,
                threads=torch.get_num_threads(), versions=installed)


def _commit() -> str:
    """The commit of the code, with ``-dirty`` behind it where it was changed; ``unknown`` outside a checkout."""
    root = Path(__file__).parents[2]
    if not (root / '.git').exists() or shutil.which('git') is None:  # installed, perhaps inside another repository
        return 'unknown'
    git = subprocess.run(['git', 'describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'], capture_output=True,
                         text=True, cwd=root, check=False)
    return git.stdout.strip() or 'unknown'
