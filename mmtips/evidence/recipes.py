# Copyright (c) mmtips authors. All rights reserved.
"""From a cell to the config of its training and of its evaluation."""

import copy
import math
import os
import pprint
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope

from mmtips.evidence.cells import Cell
from mmtips.evidence.plan import Protocol

#: What is added to the hooks of a training for each padding.
PADDING_HOOKS: Mapping[str, tuple[dict[str, Any], ...]] = {
    'zeros': (), 'circular': (dict(type='CircularPaddingHook'), )}


def cell_config(cell: Cell, folder: Path) -> Config:
    """Read the recipe with the operator of a cell, and set what the cell says.

    The operator is handed over as recipes take theirs: in a file that ``DOWNSAMPLER`` names, which is written here.

    Args:
        cell: The cell.
        folder: Its folder; the file is written there, and the runner will write its logs there.

    Returns:
        The config of training and test.
    """
    part = folder / 'downsampler.py'
    part.write_text(_downsampler_text(cell))
    recipe = Path(cell.recipe)
    before = os.environ.get('DOWNSAMPLER')
    try:
        os.environ['DOWNSAMPLER'] = os.path.relpath(part.with_suffix(''), recipe.parents[1] / '_base_/downsampler')
        config = Config.fromfile(recipe)
    finally:
        os.environ.pop('DOWNSAMPLER')
        os.environ.update({} if before is None else dict(DOWNSAMPLER=before))
    if config.get('downsampler') != cell.operator.config:
        raise ValueError(f'{recipe}: does not read its downsampler from the file that DOWNSAMPLER names: let its model '
                         "inherit from '../downsampler/{{$DOWNSAMPLER:stock}}.py'")
    config.merge_from_dict(dict(cell.options))
    config.work_dir, config.experiment_name = str(folder), cell.id
    config.load_from, config.resume, config.launcher = None, False, 'none'
    config.randomness = dict(seed=cell.seed)
    _set_training(config, cell)
    init_default_scope(config.default_scope)
    _set_validation(config, cell.protocol)
    _set_test(config, cell)
    return config


def _downsampler_text(cell: Cell) -> str:
    hooks = [*PADDING_HOOKS[cell.padding], *cell.operator.hooks]
    parts = dict(downsampler=cell.operator.config, sites=cell.operator.sites, custom_hooks=hooks)
    return ''.join(f'{name} = {pprint.pformat(value, sort_dicts=False)}\n' for name, value in parts.items())


def _set_training(config: Config, cell: Cell) -> None:
    share = cell.iterations / config.train_cfg.max_iters
    points = max(1, round(cell.iterations / cell.protocol.curve_points))
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=cell.iterations, val_interval=points)
    config.optim_wrapper.optimizer.lr = cell.learning_rate
    config.param_scheduler = stretched(config.param_scheduler, share)
    # A cell is short: what is killed begins again, and nothing but its figures is kept.
    config.default_hooks.update(checkpoint=None)
    config.default_hooks.logger.interval = points


def stretched(schedules: Sequence[Mapping[str, Any]], share: float) -> list[dict[str, Any]]:
    """The schedules of a training that is longer or shorter.

    Args:
        schedules: Configs with ``begin`` and ``end``, in iterations.
        share: Its length, as a share of what they were written for.

    Returns:
        Copies; a schedule of which no iteration is left is left out.
    """
    new = [dict(of, begin=round(of['begin'] * share), end=round(of['end'] * share)) for of in schedules]
    return [of for of in new if of['end'] > of['begin']]


def _set_validation(config: Config, protocol: Protocol) -> None:
    config.val_cfg = dict(type='ValLoop')
    dataset = config.val_dataloader.dataset
    config.val_dataloader = dict(config.val_dataloader, dataset=_some(dataset, protocol.curve_images))


def _set_test(config: Config, cell: Cell) -> None:
    protocol, dataloader = cell.protocol, copy.deepcopy(config.test_dataloader)
    dataloader.dataset.split = cell.split
    dataloader.dataset = _some(dataloader.dataset, cell.images)
    config.test_dataloader = dataloader
    if cell.task == 'segmentation':
        config.test_evaluator = [config.test_evaluator, dict(type='ForegroundIoU')]
    config.test_cfg = dict(
        type='ShiftTestLoop', border=protocol.border, sampling_images=protocol.sampling_images,
        shift_map=dict(protocol='standard', max_shift=protocol.max_shift, images=cell.map_images)
        if cell.map_images else None,
        protocols=[dict(name=name, max_shift=protocol.max_shift, pairs=protocol.pairs, seed=protocol.shift_seed)
                   for name in ('standard', 'circular')])


def _some(dataset: Any, count: int) -> Any:
    """The config of some images of a data set, spread evenly: files are sorted by class in classification."""
    total = len(DATASETS.build(dict(dataset, pipeline=[])))
    return dict(dataset, indices=spread(count, total))


def spread(count: int, total: int) -> list[int]:
    """``count`` indices below ``total``, as evenly as integers can be; all of them if there are no more.

    Args:
        count: How many, >= 1.
        total: Of how many.

    Returns:
        Indices in an order of which every beginning is spread evenly, too, by steps of the golden section: some
        measures take the first images alone. The first is 0.
    """
    count = min(count, total)
    step = next(step for step in range(round(0.618 * count), count + 2) if math.gcd(step, count) == 1)
    return [place * step % count * total // count for place in range(count)]
