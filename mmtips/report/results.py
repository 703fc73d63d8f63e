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
from mmtips.version import __version__

Result = dict[str, Any]
#: By the kind of a result.
SCHEMAS = {kind: json.loads(files('mmtips.report').joinpath(f'{kind}.schema.json').read_text())
           for kind in ('shift_consistency', 'benchmark', 'correlation')}
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
        ValueError: If it does not fit; the message names the place.
    """
    kind = result.get('kind') if isinstance(result, dict) else None
    if kind not in SCHEMAS:
        raise ValueError(f'{source}: not a result of this version of mmtips: $.kind: expected one of {list(SCHEMAS)}, '
                         f'got {kind!r}')
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
        ValueError: If the file is no JSON, does not fit the schema, or is of another kind.
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
    if path.exists():
        stamp = datetime.fromtimestamp(path.stat().st_mtime).strftime('%Y%m%d_%H%M%S')
        path.rename(path.with_name(f'{path.stem}.{stamp}{path.suffix}'))
    path.write_text(json.dumps(result, indent=1) + '\n')


def shift_result(name: str, config: str, checkpoint: Path, data: dict[str, Any], model: dict[str, Any],
                 metrics: dict[str, float], protocols: Sequence[ShiftProtocol],
                 figures: dict[str, dict[str, str]] | None = None,
                 downsampler: dict[str, Any] | None = None) -> Result:
    """Assemble the result of a shift evaluation.

    Args:
        name: What the model is called in tables.
        config: Name of the config.
        checkpoint: The checkpoint file.
        data: ``dataset``, ``images``, ``classes``, ``background`` and ``ignore_index``.
        model: The cost, see :func:`mmtips.report.cost.measure_cost`.
        metrics: What the shift loop returned: the host's metrics and ours, flat. Where they hold none of
            :data:`ACCURACIES`, the result has neither an accuracy nor a fidelity.
        protocols: The protocols of the loop.
        figures: What :func:`mmtips.report.write_examples` returned.
        downsampler: Config of the operator, where the config leaves it to ``DOWNSAMPLER``.

    Returns:
        A valid result.
    """
    metric = next((key for key in ACCURACIES if key in metrics), None)
    accuracy = None if metric is None else dict(metric=metric, value=float(metrics[metric]))
    return validate(dict(
        schema=1,
        kind='shift_consistency',
        name=name,
        config=config,
        downsampler=downsampler,
        checkpoint=dict(name=checkpoint.name, sha256=hashlib.sha256(checkpoint.read_bytes()).hexdigest()),
        run=run_information(),
        data=data,
        model=model,
        accuracy=accuracy,
        shift={protocol.name: _measure(protocol, metrics, accuracy) for protocol in protocols},
        figures=figures or {}))


def _measure(protocol: ShiftProtocol, metrics: dict[str, float],
             accuracy: dict[str, Any] | None) -> dict[str, Any]:
    prefix = f'shift/{protocol.name}/'
    rows = [key.removeprefix(prefix) for key in metrics if key.startswith(prefix) and f'{key}_low' in metrics]
    estimates = {row: dict(value=metrics[prefix + row], low=metrics[f'{prefix}{row}_low'],
                           high=metrics[f'{prefix}{row}_high']) for row in rows}
    measure: dict[str, Any] = {row: value for row, value in estimates.items() if not row.startswith('class/')}
    measure['per_class'] = {row.removeprefix('class/'): value for row, value in estimates.items() if row not in measure}
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
