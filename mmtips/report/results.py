# Copyright (c) mmtips authors. All rights reserved.
"""Results as data, assembled once."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from mmtips.evaluation import ShiftProtocol, fidelity
from mmtips.evaluation.adapters import find_score, percentage
from mmtips.installed import commit, installed_versions
from mmtips.report.schemas import SCHEMA, Result, load_result, validate


def shift_result(name: str, config: str, checkpoint: Path, data: dict[str, Any], model: dict[str, Any],
                 metrics: dict[str, float], protocols: Sequence[ShiftProtocol], summaries: dict[str, dict[str, Any]],
                 *, figures: dict[str, Any] | None = None, robustness: dict[str, Any] | None = None,
                 downsampler: dict[str, Any] | None = None, cfg_options: dict[str, Any] | None = None) -> Result:
    """Assemble the result of a shift evaluation.

    Args:
        name: What the model is called in tables.
        config: Name of the config.
        checkpoint: The checkpoint file.
        data: ``dataset``, ``images``, ``skipped`` (names), ``classes``, ``background``, ``ignore_index``, ``border``,
            and ``digest`` where images have files.
        model: The cost, see :func:`mmtips.report.cost.measure_cost`.
        metrics: What the shift loop returned: the host's metrics and ours, flat. Where they hold none of
            :data:`mmtips.evaluation.adapters.SCORES`, the result has neither an accuracy nor a fidelity.
        protocols: The protocols of the loop.
        summaries: What its measures say (``loop.metric.summaries``).
        figures: ``examples``, ``gallery`` and ``layers``: files of pictures.
        robustness: What :func:`mmtips.robustness.robustness_study` returned.
        downsampler: Config of the operator, where the config leaves it to ``DOWNSAMPLER``.
        cfg_options: What overrode the config.

    Returns:
        A valid result.
    """
    metric = find_score(metrics)
    accuracy = None if metric is None else dict(metric=metric, value=percentage(metric, metrics[metric]))
    return validate(dict(
        schema=SCHEMA,
        kind='shift_consistency',
        name=name,
        config=config,
        downsampler=downsampler,
        cfg_options=cfg_options,
        checkpoint=identify(checkpoint),
        run=run_information(),
        data=dict(data, absent=summaries['truth']['absent']),
        model=model,
        accuracy=accuracy,
        **measurements(protocols, summaries, accuracy),
        robustness=robustness,
        figures=figures or dict(examples={}, gallery=[], layers=[])))


def identify(checkpoint: Path) -> dict[str, str]:
    """The name and the hash of a checkpoint."""
    return dict(name=checkpoint.name, sha256=hashlib.sha256(checkpoint.read_bytes()).hexdigest())


def robustness_result(config: str, checkpoint: Path, section: dict[str, Any]) -> Result:
    """Assemble the result of a robustness study.

    Args:
        config: Name of the config.
        checkpoint: The checkpoint file.
        section: What :func:`mmtips.robustness.robustness_study` returned.

    Returns:
        A valid result.
    """
    return validate(dict(schema=1, kind='robustness', config=config, checkpoint=identify(checkpoint),
                         run=run_information(), robustness=section))


def load_robustness(path: Path, checkpoint: Path, dataset: str) -> dict[str, Any]:
    """Read the section of a robustness study.

    Args:
        path: What ``tools/eval_robustness.py`` wrote.
        checkpoint: The checkpoint whose it has to be.
        dataset: The type of the data set that it has to be on, be it on some of its images.

    Returns:
        The section ``robustness``.

    Raises:
        ValueError: If it is of another checkpoint or data set, or no such result.
    """
    result = load_result(path, 'robustness')
    if result['checkpoint'] != identify(checkpoint):
        raise ValueError(f"{path}: expected the robustness of {checkpoint}, got that of {result['checkpoint']['name']} "
                         f"with hash {result['checkpoint']['sha256'][:12]}: measure it with tools/eval_robustness.py")
    measured = result['robustness'].get('dataset', dataset)  # earlier studies do not say
    if measured != dataset:
        raise ValueError(f'{path}: expected the robustness on {dataset}, got that on {measured}: measure it with '
                         'tools/eval_robustness.py')
    return result['robustness']


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
    on_gpu = torch.cuda.is_available() if device is None else device.startswith('cuda')
    name = torch.cuda.get_device_name() if on_gpu else f'CPU ({platform.machine()})'
    return dict(created=datetime.now(timezone.utc).isoformat(timespec='seconds'), commit=commit(), device=name,
                threads=torch.get_num_threads(), versions=installed_versions())
