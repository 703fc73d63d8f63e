# Copyright (c) mmtips authors. All rights reserved.
"""What the command-line tools share: the hosts' options, loading a config, loading a checkpoint."""

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mmtips.hosts import INSTALL, require_host
from mmtips.wrappers import unwrap


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
        ValueError: If ``$DOWNSAMPLER`` is none that the config can be read with.
    """
    if not args.config.is_file():
        raise FileNotFoundError(f'config: no file {args.config}')
    _require_hosts(args.config)
    _require_downsampler(args.config)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    config = Config.fromfile(args.config)
    if args.cfg_options is not None:
        config.merge_from_dict(args.cfg_options)
    config.launcher = args.launcher
    config.work_dir = args.work_dir or config.get('work_dir') or str(Path('work_dirs') / args.config.stem)
    return config


def _require_hosts(path: Path) -> None:
    # Bases such as 'mmseg::...' are read before anything else: say what is missing before mmengine fails on them.
    texts = [file.read_text() for file in _files(path)]
    for host in INSTALL:
        needs = re.compile(rf"""['"]{host}::|default_scope\s*=\s*['"]{host}['"]""")
        if any(map(needs.search, texts)):
            require_host(host, f'the config {path}')


def _require_downsampler(path: Path) -> None:
    # mmengine fails with a path that nobody wrote.
    name = os.environ.get('DOWNSAMPLER')
    for config in _files(path) if name is not None else ():
        for folder in re.findall(r"""['"]([^'"]+)/\{\{\$DOWNSAMPLER:\w+\}\}\.py['"]""", config.read_text()):
            known = sorted(part.stem for part in (config.parent / folder).glob('*.py'))
            if name not in known:
                raise ValueError(f'DOWNSAMPLER: expected one of {known}, got {name!r}: they are the files of '
                                 f'{(config.parent / folder).resolve()}')


def _files(path: Path) -> Iterator[Path]:
    """A config and the local files that it inherits from."""
    yield path
    for base in re.findall(r"""['"]([^'":]+\.py)['"]""", path.read_text()):
        if (path.parent / base).is_file():
            yield from _files(path.parent / base)


def recipe_name(config: Config) -> str:
    """The name of a config, and what it was told by the environment: ``'resnet18_cifar10 DOWNSAMPLER=tips'``."""
    return ' '.join([Path(config.filename).stem, *(f'{key}={value}' for key, value in config.env_variables.items())])


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


def load_weights(model: nn.Module, checkpoint: str) -> None:
    """Load a checkpoint that must fit the model, which mmengine only warns about.

    Args:
        model: The model, not wrapped.
        checkpoint: A path or an address that mmengine can read; it is read with ``weights_only``.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If keys are missing, unexpected, or of another shape; they are listed.
    """
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    weights = loaded.get('state_dict', loaded)
    weights = {key.removeprefix('module.'): value for key, value in weights.items()}
    try:
        # Not strict, and judged afterwards: some models rename or reshape what they load.
        keys = model.load_state_dict(weights, strict=False)
        groups = {'missing': sorted(keys.missing_keys), 'unexpected': sorted(keys.unexpected_keys)}
        faults = '; '.join(f"{len(names)} {what}: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"
                           for what, names in groups.items() if names)
    except RuntimeError as error:  # keys of another shape, which torch lists
        faults = str(error)
    if faults:
        raise RuntimeError(f'{checkpoint} is not a checkpoint of this {type(model).__name__} ({faults}). Was it '
                           'trained with another config, or another downsampler?')


def build_tester(config: Config, checkpoint: str) -> Runner:
    """Build a runner that tests this checkpoint, whatever the config says of loading and resuming.

    Args:
        config: The config.
        checkpoint: See :func:`load_weights`.

    Returns:
        The runner, its model loaded.
    """
    config.load_from, config.resume = None, False
    runner = build_runner(config)
    load_weights(unwrap(runner.model), checkpoint)
    return runner


def build_runner(config: Config) -> Runner:
    """Build the runner that the config asks for."""
    if 'runner_type' not in config:
        return Runner.from_cfg(config)
    from mmengine.registry import RUNNERS
    return RUNNERS.build(config)
