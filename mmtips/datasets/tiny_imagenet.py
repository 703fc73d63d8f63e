# Copyright (c) mmtips authors. All rights reserved.
"""Tiny ImageNet: 200 classes of 64 x 64 images, as a folder for each class, which MMPretrain reads."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.utils import track_iter_progress

from mmtips.datasets.archives import Members, open_archive, require_count
from mmtips.datasets.folders import Report, make_folder

CLASSES, TRAIN_IMAGES, VAL_IMAGES = 200, 500, 10_000


def convert_tiny_imagenet(archive: str | Path, out: str | Path, report: Report = print) -> dict[str, Any]:
    """Make a data set folder of the published archive: ``train/<class>`` and ``val/<class>``.

    The published test images have no labels and are left out. The folder appears under its name only once it is
    complete.

    Args:
        archive: ``tiny-imagenet-200.zip``, or the folder that it was unpacked to.
        out: Folder to make. If it holds the data set already, it stays as it is.
        report: Receives a line about the result.

    Returns:
        The content of ``meta.json``; ``words`` says what each class shows.

    Raises:
        FileNotFoundError: If there is no such archive.
        FileExistsError: If ``out`` exists and is anything else.
        ValueError: If the archive is damaged, incomplete or harmful.
    """
    with open_archive(archive) as members:
        classes = _text(members, 'wnids.txt').split()
        require_count('classes', len(set(classes)), CLASSES)
        files = [*_training(members, set(classes)), *_validation(members, set(classes))]
        _require_whole(files)

        def fill(folder: Path) -> dict[str, Any]:
            for source, target in track_iter_progress(files):
                path = folder / target
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(members[source]())
            lines = (line.partition('\t') for line in _text(members, 'words.txt').splitlines())
            words = {name: text for name, _, text in lines if name in set(classes)}
            return dict(classes=sorted(classes), words=words)

        meta = make_folder(Path(out).expanduser(), dict(name='Tiny ImageNet', format=1), fill, report)
    report(f'{out}: {CLASSES * TRAIN_IMAGES:,} images for training, {VAL_IMAGES:,} for validation')
    return meta


def _text(members: Members, name: str) -> str:
    """One of the published lists."""
    paths = [path for path in members if path == name or path.endswith(f'/{name}')]
    require_count(f'file {name}', len(paths), 1)
    return members[paths[0]]().decode()


def _training(members: Members, classes: set[str]) -> Iterator[tuple[str, str]]:
    """Path in the archive and path in the data set of each training image."""
    for path in members:
        match = re.search(r'(?:^|/)train/(n\d{8})/images/(\1_\d+\.JPEG)$', path)
        if match is not None and match[1] in classes:
            yield path, f'train/{match[1]}/{match[2]}'


def _validation(members: Members, classes: set[str]) -> Iterator[tuple[str, str]]:
    lines = (line.split('\t') for line in _text(members, 'val_annotations.txt').splitlines())
    labels = {line[0]: line[1] for line in lines if len(line) > 1}
    for path in members:
        match = re.search(r'(?:^|/)val/images/(val_\d+\.JPEG)$', path)
        if match is not None and labels.get(match[1]) in classes:
            yield path, f'val/{labels[match[1]]}/{match[1]}'


def _require_whole(files: list[tuple[str, str]]) -> None:
    counts = Counter(target.rpartition('/')[0] for _, target in files)
    training = [count for folder, count in counts.items() if folder.startswith('train/')]
    require_count('classes with training images', len(training), CLASSES)
    require_count('images in the smallest class', min(training), TRAIN_IMAGES)
    require_count('images in the largest class', max(training), TRAIN_IMAGES)
    require_count('labelled images for validation', len(files) - sum(training), VAL_IMAGES)
