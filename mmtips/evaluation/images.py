# Copyright (c) mmtips authors. All rights reserved.
"""The image files of a data set: which cannot be read, found before a long run and not in it; and which they are."""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from PIL import Image

from mmtips.evaluation.progress import with_progress

#: What a data set calls the files of an image.
FILES = ('img_path', 'seg_map_path')
#: What is decoded; the hosts read more, by loaders of their own.
SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.webp', '.gif', '.ppm'}


def find_unreadable(dataset: Any, workers: int = 4) -> dict[int, str]:
    """Decode every image and label map of a data set, and show how far that is.

    A truncated file counts as unreadable, though some decoders fill in what is missing.

    Args:
        dataset: A data set of either host. Images without a file (held in memory), of another type than
            :data:`SUFFIXES`, or on a file system that is no local one, are passed over.
        workers: Threads.

    Returns:
        For the index of each unreadable image which file, and why.
    """
    files = [_files(dataset, index) for index in range(len(dataset))]
    if not any(path.exists() for paths in files for path in paths):
        return {}  # keys of a data base, or a folder that is not there: the host's reader will say
    with ThreadPoolExecutor(workers) as pool:
        faults = list(with_progress(pool.map(_fault, files), len(files)))
    return {index: fault for index, fault in enumerate(faults) if fault is not None}


def data_digest(dataset: Any) -> str | None:
    """A hash that tells data sets apart: of the sorted names of their images, and of their classes.

    Names count from the data set's ``data_root`` on, or from the folder that all images share: so data that was moved
    has the same digest. Nothing is read.

    Args:
        dataset: A data set of either host.

    Returns:
        64 hexadecimal digits; None where images have no files.
    """
    names = sorted(_name(dataset, index) for index in range(len(dataset)))
    if not all(names):
        return None
    root, common = _slashed(getattr(dataset, 'data_root', None)).rstrip('/'), os.path.commonprefix(names)
    start = len(root) + 1 if root and common.startswith(f'{root}/') else common.rfind('/') + 1
    classes = list((getattr(dataset, 'metainfo', None) or {}).get('classes') or ())
    text = json.dumps(dict(images=[name[start:] for name in names], classes=classes))
    return hashlib.sha256(text.encode()).hexdigest()


def ignored_label(dataset: Any) -> int:
    """The label of pixels without a ground truth, also of data sets inside wrappers.

    Args:
        dataset: A data set of either host.

    Returns:
        Its ``ignore_index``; 255, the hosts' own, where it has none.

    Raises:
        ValueError: If the parts of a concatenated data set differ.
    """
    if hasattr(dataset, 'ignore_index'):
        return int(dataset.ignore_index)
    parts = [*getattr(dataset, 'datasets', []), *([dataset.dataset] if hasattr(dataset, 'dataset') else [])]
    found = {ignored_label(part) for part in parts} or {255}
    if len(found) > 1:
        raise ValueError(f'ignore_index: expected one for all parts of the data set, got {sorted(found)}: set it alike')
    return found.pop()


def _name(dataset: Any, index: int) -> str:
    """The file of an image, with forward slashes; empty where there is none."""
    info = dataset.get_data_info(index) if hasattr(dataset, 'get_data_info') else None
    return _slashed(info.get('img_path')) if isinstance(info, dict) else ''


def _slashed(path: Any) -> str:
    return str(path or '').replace('\\', '/')


def _files(dataset: Any, index: int) -> Sequence[Path]:
    if not hasattr(dataset, 'get_data_info'):
        return []
    info = dataset.get_data_info(index)
    named = [info.get(key) for key in FILES if isinstance(info, dict)]
    # An address is for the host's own reader; a path that does not exist is not.
    paths = [Path(name) for name in named if isinstance(name, (str, Path)) and '://' not in str(name)]
    return [path for path in paths if path.suffix.lower() in SUFFIXES]


def _fault(files: Sequence[Path]) -> str | None:
    for path in files:
        try:
            with Image.open(path) as image:
                image.load()
        except Image.DecompressionBombError:  # a large image is no damage
            continue
        except Exception as error:  # decoders of damaged files raise whatever they stumble over
            return f'{path}: {error or type(error).__name__}'
    return None


def readable_indices(dataset: Any, skip_bad: bool) -> tuple[list[int], list[str]]:
    """Which images of a data set can be read.

    The main process reads them, and tells the others.

    Args:
        dataset: The data set.
        skip_bad: Whether to go on without those that cannot.

    Returns:
        The indices of the readable images, and a line for each of the others.

    Raises:
        ValueError: If there are unreadable ones and they are not to be skipped, or no readable one is left.
    """
    found = [find_unreadable(dataset) if is_main_process() else {}]
    broadcast_object_list(found)
    faults, = found
    shown = '\n  '.join([*list(faults.values())[:10], *(['...'] if len(faults) > 10 else [])])
    if faults and not skip_bad:
        raise ValueError(f'{len(faults)} of {len(dataset)} images cannot be read; repair them, or leave them out with '
                         f'--skip-bad:\n  {shown}')
    if len(faults) == len(dataset):
        raise ValueError(f'none of the {len(dataset)} images can be read:\n  {shown}')
    return [index for index in range(len(dataset)) if index not in faults], list(faults.values())
