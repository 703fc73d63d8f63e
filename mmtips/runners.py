# Copyright (c) mmtips authors. All rights reserved.
"""Runners, and checkpoints that must fit them."""

import ast
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import init_dist, is_distributed
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mmtips.wrappers import unwrap

#: The entries of a model that name operators: of converted backbones, and of All-CNN.
OPERATORS = ('downsampler', 'reduce', 'sites')
#: Hooks that change what a model computes, and nothing that a checkpoint holds: what each of them changes.
CONVERSIONS = {'CircularPaddingHook': {'CircularPaddingHook'}, 'AlignedDecodeHook': {'AlignedDecodeHook'},
               'ExactEquivarianceHook': {'CircularPaddingHook', 'AlignedDecodeHook'}}


def join_processes(config: Config) -> None:
    """Let the processes of a launcher know each other before there is a runner, which would do it in the same way.

    Args:
        config: The config; without a launcher nothing is done.
    """
    launcher = config.get('launcher', 'none')
    if launcher != 'none' and not is_distributed():
        init_dist(launcher, **config.get('env_cfg', {}).get('dist_cfg', {}))


def build_runner(config: Config) -> Runner:
    """Build the runner that the config asks for."""
    if 'runner_type' not in config:
        return Runner.from_cfg(config)
    from mmengine.registry import RUNNERS
    return RUNNERS.build(config)


def resume_training(config: Config, checkpoint: str | None = None) -> None:
    """Have a training go on from a checkpoint, or begin as its config says where there is none yet.

    Args:
        config: The config, with its ``work_dir``; ``resume`` and ``load_from`` are set. Without a checkpoint
            ``load_from`` stays: a fine-tuning that is started with the option to resume begins with what it names.
        checkpoint: The latest of the work dir if not given.
    """
    found = checkpoint or latest_checkpoint(config.work_dir)
    config.resume = found is not None
    if found is not None:
        config.load_from = found


def latest_checkpoint(work_dir: str) -> str | None:
    """The latest checkpoint of a training that is whole.

    mmengine names the last one by the path that it had, and while it saves one that is gone or torn: a training that is
    stopped just then would never go on.

    Args:
        work_dir: The work dir of the training; it may have been moved.

    Returns:
        The path, or None if there is no such checkpoint.
    """
    folder, named = Path(work_dir), Path(work_dir, 'last_checkpoint')
    names = [Path(named.read_text().strip()).name] if named.is_file() else []
    numbers = {path.name: int(found[1]) for path in folder.glob('*.pth')
               if (found := re.fullmatch(r'(?:iter|epoch)_(\d+)\.pth', path.name))}
    names += sorted(numbers, key=lambda name: -numbers[name])
    # The list of what is in the file is at its end.
    return next((str(folder / name) for name in names if zipfile.is_zipfile(folder / name)), None)


def build_trainer(config: Config) -> Runner:
    """Build a runner that trains; where the config says to resume, from a checkpoint of the same downsampler.

    Args:
        config: The config, with its ``work_dir``.

    Returns:
        The runner.

    Raises:
        ValueError: If what it is to go on from was trained with another downsampler, or with a hook that changes the
            network and is missing here.
    """
    if config.get('resume') and not config.get('load_from'):
        resume_training(config)
    if config.get('resume'):
        _require_same_network(config, _read(config.load_from), config.load_from)
    return build_runner(config)


def build_tester(config: Config, checkpoint: str) -> Runner:
    """Build a runner that tests this checkpoint, whatever the config says of loading and resuming.

    Args:
        config: The config.
        checkpoint: A path or an address that mmengine can read; it is read with ``weights_only``.

    Returns:
        The runner, its model loaded.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If the checkpoint does not fit the model, which mmengine only warns about.
        ValueError: If it is not whole, or was trained with another downsampler, or with a hook that changes the network
            and is missing here.
    """
    loaded = _read(checkpoint)
    _require_same_network(config, loaded, checkpoint)
    # The runner loads it once more when it runs, so that hooks that keep two sets of weights see it.
    config.load_from, config.resume = checkpoint, False
    runner = build_runner(config)
    _load_weights(unwrap(runner.model), loaded.get('state_dict', loaded), checkpoint)
    return runner


def _read(checkpoint: str) -> Any:
    try:
        return CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    except (OSError, EOFError, RuntimeError) as error:
        if Path(checkpoint).is_file() and not zipfile.is_zipfile(checkpoint):
            raise ValueError(f'checkpoint: {checkpoint} is not whole: remove it, and fetch it or train') from error
        raise


def _load_weights(model: nn.Module, weights: dict[str, Any], checkpoint: str) -> None:
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


def _require_same_network(config: Config, loaded: Any, checkpoint: str) -> None:
    # Most operators have no parameters, nor has a border or a decode, so that one would load as the other. A
    # checkpoint holds the text of its config, which is read and not run.
    meta = loaded.get('meta') if isinstance(loaded, dict) else None
    text = meta.get('cfg') if isinstance(meta, dict) else None
    trained, now = (_operators_in(text) for text in (text, config.pretty_text))
    if trained and now and trained != now:
        raise ValueError(f'DOWNSAMPLER: {checkpoint} was trained with {trained}, and the config says {now}: take the '
                         'config that the training left in its work dir, or set DOWNSAMPLER to that')
    lacking = _conversions_in(text) - _conversions_in(config.pretty_text)
    if lacking:
        raise ValueError(f'custom_hooks: {checkpoint} was trained with {sorted(lacking)}, and the config is without: '
                         'take the config that the training left in its work dir, or add them')


def _operators_in(text: object) -> str:
    """What a config's text says of the operators in its model, as code; nothing if it names none.

    No other choice for any site is as good as not naming sites.
    """
    said = {(node.arg, ast.unparse(node.value)) for node in _entry(text, 'model')
            if isinstance(node, ast.keyword) and node.arg in OPERATORS} - {('sites', 'None')}
    return ', '.join(f'{name}={code}' for name, code in sorted(said)) if {name for name, _ in said} - {'sites'} else ''


def _conversions_in(text: object) -> set[str]:
    """What the hooks of a config's text change about its network."""
    names = {str(node.value) for node in _entry(text, 'custom_hooks') if isinstance(node, ast.Constant)}
    return set().union(*(changed for name, changed in CONVERSIONS.items() if name in names))


def _entry(text: object, name: str) -> Iterator[ast.AST]:
    """All parts of an entry of a config, by its text, which is read and not run; of no such text none."""
    try:
        statements = ast.parse(text).body if isinstance(text, str) else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in statements:
        if isinstance(node, ast.Assign) and [getattr(target, 'id', '') for target in node.targets] == [name]:
            yield from ast.walk(node.value)
