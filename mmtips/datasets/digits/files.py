# Copyright (c) mmtips authors. All rights reserved.
"""Writing scattered digits to disk, whole or not at all, in the layout that the hosts' data set classes read."""

import time
import zlib
from collections.abc import Mapping
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmtips.arguments import check_integer
from mmtips.datasets.digits.composition import classification_image, segmentation_image
from mmtips.datasets.digits.sources import CLASSES, DIGIT_CLASSES, LICENCES, PALETTE, SPLITS, Sources, load_sources
from mmtips.datasets.folders import Report, make_folder

# Raise it whenever the same seed no longer gives the same images.
FORMAT = 2
TASK_CLASSES = {'seg': CLASSES, 'cls': DIGIT_CLASSES}
DEFAULT_SIZES = {
    'seg': {'train': 1200, 'val': 200, 'test': 300},
    'cls': {'train': 3000, 'val': 500, 'test': 1000},
}

Sizes = Mapping[str, Mapping[str, int]]


def image_generator(seed: int, task: str, split: str, index: int) -> np.random.Generator:
    """Make the generator of one image, so that no image depends on how many others there are.

    Args:
        seed: Seed of the data set.
        task: 'seg' or 'cls'.
        split: 'train', 'val' or 'test'.
        index: Number of the image in its split.

    Returns:
        The generator.
    """
    stream = list(product(TASK_CLASSES, SPLITS)).index((task, split))
    return np.random.default_rng([seed, stream, index])


def _save(pixels: NDArray[np.uint8], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Noise has no repetitions to search for; without the search, files are as small and written twice as fast.
    Image.fromarray(pixels).save(path, compress_type=zlib.Z_RLE)


def _write_seg(folder: Path, split: str, index: int, sources: Sources, rng: np.random.Generator) -> NDArray[np.int64]:
    image, labels = segmentation_image(sources, rng)
    _save(image, folder / 'img_dir' / split / f'{index:05d}.png')
    _save(labels, folder / 'ann_dir' / split / f'{index:05d}.png')
    return np.bincount(labels.ravel(), minlength=len(CLASSES))


def _write_cls(folder: Path, split: str, index: int, sources: Sources, rng: np.random.Generator) -> NDArray[np.int64]:
    digit = index % 10
    _save(classification_image(sources, digit, rng), folder / split / str(digit) / f'{index:05d}.png')
    return np.bincount([digit], minlength=len(DIGIT_CLASSES))


_WRITERS = {'seg': _write_seg, 'cls': _write_cls}


def _write_split(folder: Path, task: str, split: str, count: int, seed: int) -> dict[str, int]:
    sources = load_sources(split)
    counts = sum(_WRITERS[task](folder / task, split, index, sources, image_generator(seed, task, split, index))
                 for index in range(count))
    return dict(zip(TASK_CLASSES[task], np.asarray(counts).tolist(), strict=True))


def _check_request(seed: int, sizes: Sizes) -> None:
    check_integer('seed', seed, 0)
    wanted = {task: set(SPLITS) for task in TASK_CLASSES}
    if {task: set(splits) for task, splits in sizes.items()} != wanted:
        raise ValueError(f'sizes: expected the tasks {tuple(wanted)}, each with the splits {SPLITS}, got {sizes!r}')
    for task, split in product(TASK_CLASSES, SPLITS):
        if not isinstance(sizes[task][split], int) or sizes[task][split] < 10:
            raise ValueError(f'sizes: expected integers of at least 10, so that every digit of the classification set '
                             f'occurs, got {sizes[task][split]!r} for {task}/{split}')


def write_scattered_digits(out: str | Path = 'data/scattered_digits',
                           seed: int = 0,
                           sizes: Sizes | None = None,
                           report: Report = print) -> dict[str, Any]:
    """Write both data sets; the folder appears under its name only once it is complete.

    Two runs on the same versions of numpy, Pillow and scikit-learn give the same files byte for byte, and a smaller
    data set is a prefix of a larger one.

    Args:
        out: Folder to make. If it holds the same data set already, it stays as it is.
        seed: Seed of all images, at least 0.
        sizes: Number of images by task ('seg', 'cls') and split, each at least 10. Default: DEFAULT_SIZES.
        report: Receives one line per finished split.

    Returns:
        The content of meta.json: what was written, from what, and how often each class occurs.

    Raises:
        FileExistsError: If ``out`` exists and is anything else.
        ValueError: If the seed or a size is out of range.
    """
    out, sizes = Path(out).expanduser(), sizes or DEFAULT_SIZES
    _check_request(seed, sizes)
    request = {'name': 'scattered digits', 'format': FORMAT, 'seed': seed,
               'sizes': {task: dict(splits) for task, splits in sizes.items()}}
    return make_folder(out, request, lambda folder: _write_all(folder, seed, sizes, report), report)


def _write_all(folder: Path, seed: int, sizes: Sizes, report: Report) -> dict[str, Any]:
    """Write every split and return what meta.json says beside the request."""
    counts: dict[str, dict[str, dict[str, int]]] = {task: {} for task in TASK_CLASSES}
    for task, split in product(TASK_CLASSES, SPLITS):
        start = time.perf_counter()
        counts[task][split] = _write_split(folder, task, split, sizes[task][split], seed)
        report(f'{task}/{split}: {sizes[task][split]} images in {time.perf_counter() - start:.1f} s')
    return {
        'classes': {task: list(classes) for task, classes in TASK_CLASSES.items()},
        'palette': [list(color) for color in PALETTE],
        'counts': counts,
        'sources': LICENCES,
        'made_with': {package: version(package) for package in ('numpy', 'pillow', 'scikit-learn')},
    }


def summarize(meta: Mapping[str, Any]) -> str:
    """Say in a few lines what a data set holds.

    Args:
        meta: What :func:`write_scattered_digits` returned.

    Returns:
        Images by task and split, and the share of each class in the pixels of all label maps.
    """
    lines = [f'{task}: ' + ', '.join(f'{split} {count}' for split, count in splits.items()) + ' images'
             for task, splits in meta['sizes'].items()]
    pixels = {name: sum(split[name] for split in meta['counts']['seg'].values()) for name in meta['classes']['seg']}
    total = sum(pixels.values())
    shares = ', '.join(f'{name} {100 * count / total:.2f} %' for name, count in pixels.items())
    return '\n'.join([*lines, f'share of the pixels: {shares}'])
