# Copyright (c) mmtips authors. All rights reserved.
"""What an evaluation checks before it starts, and the config of its loop."""

import argparse
import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS, init_default_scope

from mmtips.evaluation import PROTOCOLS
from mmtips.evaluation.images import readable_indices
from mmtips.installed import commit, installed_versions
from mmtips.runners import join_processes

#: The protocols of shift maps, ours.
MAPPED = ('standard', 'circular')


def count(text: str) -> int:
    """Read an integer >= 0."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f'expected an integer >= 0, got {text!r}')
    return int(text)


def pixels_or_share(text: str) -> int | float:
    """Read a largest shift: ``'8'`` are pixels, ``'0.25'`` is a share of the shorter side."""
    return int(text) if text.lstrip('-').isdigit() else float(text)


def add_measure_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`shift_config` reads: what is measured, and how."""
    parser.add_argument('--protocols', nargs='+', choices=PROTOCOLS, default=['standard', 'circular'],
                        help='default: standard circular; docs/evaluation.md says which published number is which')
    parser.add_argument('--max-shift', type=pixels_or_share, help='largest shift in pixels, or as a share of the '
                        "shorter side (default: the protocol's own, 8 pixels for standard and circular)")
    parser.add_argument('--pairs', type=int, help="pairs of views per image (default: the protocol's own, 5)")
    parser.add_argument('--subpixel', type=int, default=1, help='shift by multiples of 1/N pixel (default 1)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the shifts (default 0)')
    parser.add_argument('--size-divisor', type=int, default=1, help='sides of cropped views are multiples of it')
    parser.add_argument('--shift-map', type=count, default=0, metavar='N', help='consistency for every shift up to N '
                        'pixels, and the worst case (default: none; (2 N + 1)^2 views of each image)')
    parser.add_argument('--map-protocol', choices=MAPPED, default=MAPPED[0], help='how its views are made')
    parser.add_argument('--map-step', type=int, default=1, help='distance of its shifts in pixels (default 1)')
    parser.add_argument('--map-images', type=int, default=16, help='of how many images it is made (default 16)')
    parser.add_argument('--sampling-images', type=count, default=16, help='of how many images sampling bias and '
                        'aliasing are measured at every downsampling site (default 16; 0: not at all)')
    parser.add_argument('--background', type=int, help="index of the class that is no foreground (default: the class "
                        "named 'background', if any)")
    parser.add_argument('--ignore-index', type=int, help="label of pixels without a ground truth (default: the data "
                        "set's own)")
    parser.add_argument('--border', type=int, default=3, help='width of the band along borders in pixels (default 3)')


def require_files(**files: Path | None) -> None:
    """Make sure that files are there.

    Args:
        files: By the name of the argument; None is no file that was asked for.

    Raises:
        FileNotFoundError: If one is missing.
    """
    for name, path in files.items():
        if path is not None and not path.is_file():
            raise FileNotFoundError(f'{name}: no file {path}: download it or make it first')


def require_writable(out: Path, *folders: Path) -> None:
    """Make sure that results can be written, before they are measured.

    Args:
        out: The result file; one that is there already is no fault.
        folders: Other folders that are written to; all are made if need be.

    Raises:
        OSError: If nothing can be written into one of them, or ``out`` is a folder.
    """
    if out.is_dir():
        raise IsADirectoryError(f'--out: expected a file, and {out} is a folder: name a file in it, such as '
                                f'{out / "result.json"}')
    for folder in (out.parent, *folders):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise OSError(f'{folder}: the results could not be written there ({error}): name another folder') from error


def take_images(config: Config, images: int) -> None:
    """Let a test take the first images alone.

    Args:
        config: The config; its test set gets ``indices``.
        images: How many; 0 are all.

    Raises:
        ValueError: If the data set is a wrapper around others, which takes no indices.
    """
    dataset = config.test_dataloader.dataset
    if images and ('dataset' in dataset or 'datasets' in dataset):
        raise ValueError(f'--images: expected a data set that takes indices, got {dataset.type}: set them on what is '
                         'inside it, with --cfg-options')
    if images:
        dataset.indices = images


def leave_out_unreadable(config: Config, skip_bad: bool) -> list[str]:
    """Look for images of the test set that cannot be read; with a launcher the main process does it for all.

    Args:
        config: The config; where images are skipped its test set gets ``indices``.
        skip_bad: Whether to go on without them.

    Returns:
        A line for each image that is left out.

    Raises:
        ValueError: If there are unreadable images and they are not to be skipped, or the data set has no ``indices``.
    """
    join_processes(config)
    init_default_scope(config.get('default_scope') or 'mmengine')
    dataset: Any = DATASETS.build(config.test_dataloader.dataset)
    readable, faults = readable_indices(dataset, skip_bad)
    if not faults:
        return []
    if not isinstance(dataset, BaseDataset):
        raise ValueError(f'--skip-bad: expected a data set that takes indices, got {type(dataset).__name__}, and these '
                         'cannot be read: ' + '; '.join(faults))
    before = config.test_dataloader.dataset.get('indices')
    if isinstance(before, (list, tuple)):
        chosen: Sequence[int] = before
    else:  # a negative number of images are the last ones
        chosen = range(len(dataset)) if (before or 0) >= 0 else range(-len(dataset), 0)
    config.test_dataloader.dataset.indices = [int(chosen[index]) for index in readable]
    return faults


def shift_config(config: Config, args: argparse.Namespace, out: Path) -> Config:
    """Let a config run the shift loop.

    Args:
        config: The config; it is changed.
        args: The options of :func:`add_measure_arguments`, and ``checkpoint``.
        out: The result file, beside which the journal of the evaluation lies.

    Returns:
        The config.
    """
    options = ('max_shift', 'pairs', 'seed', 'size_divisor', 'subpixel')
    protocols = [dict(name=name, **{option: getattr(args, option) for option in options}) for name in args.protocols]
    shift_map = dict(protocol=args.map_protocol, max_shift=args.shift_map, step=args.map_step, images=args.map_images,
                     size_divisor=args.size_divisor) if args.shift_map else None
    config.test_cfg = dict(config.test_cfg, type='ShiftTestLoop', protocols=protocols, shift_map=shift_map,
                           sampling_images=args.sampling_images, background=args.background,
                           ignore_index=args.ignore_index, border=args.border)
    config.custom_hooks = [*config.get('custom_hooks', []), dict(type='TestProgressHook')]
    # What is measured, so that only the same measurement goes on from the journal.
    content = hashlib.sha256(f'{commit()}\n{sorted(installed_versions().items())}\n{config.pretty_text}'.encode())
    content.update(args.checkpoint.read_bytes())
    config.test_cfg.journal = str(out.with_suffix('')) + f'.{content.hexdigest()[:12]}'
    return config
