# Copyright (c) mmtips authors. All rights reserved.
"""What the command-line tools share: the hosts' options, loading a config, loading a checkpoint."""

import argparse
import ast
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
    config.work_dir = args.work_dir or _work_dir(args.config, config.get('work_dir'))
    return config


def _work_dir(path: Path, named: str | None) -> str:
    """What a config names, or its own name; a recipe's own name does not pass on to what inherits from it."""
    if named is None:
        return str(Path('work_dirs') / path.stem)
    bases = {base.stem for base in _files(path)} - {path.stem}
    return str(Path(*(path.stem if part in bases else part for part in Path(named).parts)))


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
    """The name of a config, and its downsampler where that is no part of it: ``'resnet18_cifar10 (TIPS, taps=4)'``."""
    name, downsampler = Path(config.filename).stem, config.get('downsampler')
    if not downsampler:
        return name
    options = [f'{key}={value!r}' for key, value in downsampler.items() if key != 'type']
    return f"{name} ({', '.join([downsampler['type'], *options])})"


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


def _require_same_downsampler(config: Config, checkpoint: str) -> None:
    # Most operators have no parameters, so that one would load as the other. A checkpoint holds the text of its config,
    # which is read and not run.
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    meta = loaded.get('meta') if isinstance(loaded, dict) else None
    text = meta.get('cfg') if isinstance(meta, dict) else None
    trained, now = (_downsampler_in(text) for text in (text, config.pretty_text))
    if trained is not None and now is not None and trained != now:
        raise ValueError(f'DOWNSAMPLER: {checkpoint} was trained with {trained}, and the config says {now}: set '
                         'DOWNSAMPLER to that, or give the config that the training left in its work dir')


def _downsampler_in(text: object) -> str | None:
    """What a recipe's text assigns to ``downsampler``, as code; None if it does not."""
    try:
        statements = ast.parse(text).body if isinstance(text, str) else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    values = [node.value for node in statements if isinstance(node, ast.Assign)
              and [getattr(target, 'id', '') for target in node.targets] == ['downsampler']]
    return ast.unparse(values[-1]) if values else None


def build_tester(config: Config, checkpoint: str) -> Runner:
    """Build a runner that tests this checkpoint, whatever the config says of loading and resuming.

    Args:
        config: The config.
        checkpoint: See :func:`load_weights`.

    Returns:
        The runner, its model loaded.

    Raises:
        ValueError: If the checkpoint was trained with another downsampler.
    """
    _require_same_downsampler(config, checkpoint)
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
