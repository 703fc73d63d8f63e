# Copyright (c) mmtips authors. All rights reserved.
"""The hosts' options and how a config is read with them."""

import argparse
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, DictAction
from mmengine.device import get_device

from mmtips.hosts import INSTALL, require_host
from mmtips.notation import operator_name


def add_host_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that the hosts' own tools have, under the same names."""
    parser.add_argument('config', type=Path, help='a config of either host')
    parser.add_argument('--work-dir', help='where logs and checkpoints go; by default work_dirs/<name of the config>')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='overrides, as in a.b=value c=value')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def load_config(args: argparse.Namespace) -> Config:
    """Read the config and merge the options of :func:`add_host_arguments` into it.

    Args:
        args: Parsed options.

    Returns:
        The config, with ``work_dir`` and ``launcher`` set.

    Raises:
        FileNotFoundError: If there is no such config.
        ImportError: If the config needs a host that is not installed.
        ValueError: If ``$DOWNSAMPLER`` is none that the config can be read with, or a launcher is asked for where there
            is no GPU.
    """
    if not args.config.is_file():
        raise FileNotFoundError(f'config: no file {args.config}')
    _require_hosts(args.config)
    _require_downsampler(args.config)
    if args.launcher != 'none' and get_device() == 'cpu':
        raise ValueError(f'--launcher: mmengine gives each process a GPU, and none is here: got {args.launcher}, leave '
                         'it out')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    config = Config.fromfile(args.config)
    if args.cfg_options is not None:
        config.merge_from_dict(args.cfg_options)
    config.launcher = args.launcher
    own = 'work_dir' in (args.cfg_options or {}) or _names_work_dir(args.config)
    config.work_dir = args.work_dir or (str(Path(config.work_dir)) if own else
                                        _inherited_work_dir(args.config, config.get('work_dir')))
    _keep_workers(config)
    return config


def _inherited_work_dir(path: Path, inherited: str | None) -> str:
    """What a config inherits, or its own name; a recipe's own name does not pass on to what inherits from it."""
    if inherited is None:
        return str(Path('work_dirs') / path.stem)
    recipes = {base.stem for base in config_files(path) if _names_work_dir(base)}
    return str(Path(*(path.stem if part in recipes else part for part in Path(inherited).parts)))


def _names_work_dir(path: Path) -> bool:
    return re.search(r'^work_dir\s*=', path.read_text(), re.MULTILINE) is not None


def _keep_workers(config: Config) -> None:
    """Let the workers of a training live as long as it does, as mmpretrain's own tool does.

    mmengine gives a worker the same seed whenever it starts: started for each epoch it would draw the same augmentation
    in each.
    """
    loader = config.get('train_dataloader')
    if isinstance(loader, dict) and loader.get('num_workers', 0) > 0:
        loader.setdefault('persistent_workers', True)


def _require_hosts(path: Path) -> None:
    # Bases such as 'mmseg::...' are read before anything else: say what is missing before mmengine fails on them.
    texts = [file.read_text() for file in config_files(path)]
    for host in INSTALL:
        needs = re.compile(rf"""['"]{host}::|default_scope\s*=\s*['"]{host}['"]""")
        if any(map(needs.search, texts)):
            require_host(host, f'the config {path}')


def _require_downsampler(path: Path) -> None:
    # mmengine fails with a path that nobody wrote.
    name = os.environ.get('DOWNSAMPLER')
    for config in config_files(path) if name is not None else ():
        for folder in re.findall(r"""['"]([^'"]+)/\{\{\$DOWNSAMPLER:\w+\}\}\.py['"]""", config.read_text()):
            known = sorted(part.stem for part in (config.parent / folder).glob('*.py'))
            if name not in known:
                raise ValueError(f'DOWNSAMPLER: expected one of {known}, got {name!r}: they are the files of '
                                 f'{(config.parent / folder).resolve()}')


def config_files(path: Path) -> Iterable[Path]:
    """A config and the local files that it inherits from, each once.

    What it inherits from by a name that the environment says, or from a host, is left out.
    """
    found: dict[Path, Path] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file.resolve() not in found:
            found[file.resolve()] = file
            bases = (file.parent / base for base in re.findall(r"""['"]([^'":]+\.py)['"]""", file.read_text()))
            waiting += filter(Path.is_file, bases)
    return found.values()


def recipe_name(config: Config) -> str:
    """The name of a config, and its downsampler where that is no part of it: ``'resnet18_cifar10, TIPS(taps=4)'``."""
    name, downsampler = Path(config.filename).stem, recipe_downsampler(config)
    return f'{name}, {operator_name(downsampler)}' if downsampler else name


def recipe_downsampler(config: Config) -> dict[str, Any] | None:
    """The config of the operator of a recipe that names none, wherever it was changed; None for any other config."""
    if 'downsampler' not in config:
        return None
    backbone = config.model.get('backbone', {})
    found = next((backbone[key] for key in ('downsampler', 'reduce') if key in backbone), config.downsampler)
    return None if found is None else dict(found)


def training_size(config: Config) -> tuple[int, int] | None:
    """Height and width of the images that a config trains on, or None where nothing in it says so.

    Args:
        config: The config. Its ``crop_size`` says it, or the data preprocessor, or what crops or resizes last.
    """
    preprocessor = config.model.get('data_preprocessor') or config.get('data_preprocessor') or {}
    dataset = config.get('train_dataloader', {}).get('dataset', {})
    while 'pipeline' not in dataset and isinstance(dataset.get('dataset'), dict):  # repeated, or balanced
        dataset = dataset['dataset']
    found = [config.get('crop_size'), preprocessor.get('size')]
    for transform in reversed(dataset.get('pipeline') or ()):
        scale = transform.get('scale') if transform['type'] in ('Resize', 'RandomResizedCrop') else None
        # The hosts give a scale as width and height.
        found += [transform.get('crop_size'), scale[::-1] if isinstance(scale, (tuple, list)) else scale]
    rows, *columns = next((size if isinstance(size, (tuple, list)) else (size, ) for size in found if size), (None, ))
    return None if rows is None else (int(rows), int(columns[0] if columns else rows))


def enable_amp(config: Config) -> None:
    """Train in mixed precision.

    Args:
        config: The config; its optimizer wrapper becomes ``AmpOptimWrapper``.

    Raises:
        ValueError: If there is no GPU, or the optimizer wrapper is one that has no mixed-precision twin.
    """
    if not torch.cuda.is_available():
        raise ValueError('--amp: mmengine trains in mixed precision on a GPU only, and none is here: leave it out')
    kind = config.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(f'--amp: expected the optimizer wrapper OptimWrapper, got {kind}')
    config.optim_wrapper.type = 'AmpOptimWrapper'
    config.optim_wrapper.setdefault('loss_scale', 'dynamic')
