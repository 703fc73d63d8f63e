# Copyright (c) mmtips authors. All rights reserved.
"""Two published sets of polyps in colonoscopy, as pairs of images and label maps that MMSegmentation reads."""

import io
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.utils import track_iter_progress
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from mmtips.datasets.archives import Members, open_archive, require_count
from mmtips.datasets.folders import Report, make_folder

CLASSES = ('background', 'polyp')
PALETTE = ((0, 0, 0), (0, 192, 128))
SPLITS = ('train', 'val')
FORMATS = ('JPEG', 'PNG', 'TIFF')


@dataclass(frozen=True)
class PolypSet:
    """How a set is published, and how it is split.

    Attributes:
        name: Its name.
        image: Pattern of the paths of images; its group is what an image and its mask have in common.
        mask: The same for masks.
        suffix: What images are stored as.
        count: Published number of pairs.
        held_out: Pairs for validation.
        draw: From the sorted names those for validation, and a seed.
    """

    name: str
    image: str
    mask: str
    suffix: str
    count: int
    held_out: int
    draw: Callable[[Sequence[str], int, int], Sequence[str]]


def _at_random(names: Sequence[str], held_out: int, seed: int) -> list[str]:
    return [names[index] for index in np.random.default_rng(seed).permutation(len(names))[:held_out]]


def _at_the_end(names: Sequence[str], held_out: int, seed: int) -> list[str]:  # noqa: ARG001
    return list(names[-held_out:])


#: Jha et al., MMM 2020: 1,000 images; 880 for training, as in its authors' split.
KVASIR_SEG = PolypSet('Kvasir-SEG', r'(?:^|/)images/([\w-]+)\.jpe?g$', r'(?:^|/)masks/([\w-]+)\.jpe?g$', '.jpg',
                      1000, 120, _at_random)
#: Bernal et al., CMIG 2015: 612 frames of 29 videos in their order. Neighbours look alike, so that frames drawn at
#: random would be tested on what was trained on: the last three videos (frames 547 to 571, 572 to 591 and 592 to 612,
#: as the frame ranges of Dataset Ninja's converter have it) are held out.
CVC_CLINICDB = PolypSet('CVC-ClinicDB', r'(?:^|/)Original/(\d+)\.(?:png|tiff?)$',
                        r'(?:^|/)Ground ?Truth/(\d+)\.(?:png|tiff?)$', '.png', 612, 66, _at_the_end)


def convert_polyps(published: PolypSet, archive: str | Path, out: str | Path, seed: int = 0,
                   val_names: Collection[str] | None = None, report: Report = print) -> dict[str, Any]:
    """Make a data set folder of a published archive: ``img_dir/<split>`` and ``ann_dir/<split>``.

    Images are stored as they are, TIFF as PNG. Masks are published in shades of grey, some with traces of compression:
    from 128 on they are polyp. The folder appears under its name only once it is complete.

    Args:
        published: :data:`KVASIR_SEG` or :data:`CVC_CLINICDB`.
        archive: The zip archive, or the folder that it was unpacked to.
        out: Folder to make. If it holds the same data set already, it stays as it is.
        seed: Seed of the split, where it is random.
        val_names: Names of the images for validation, without suffix, if the split is to be another one.
        report: Receives a line about the result.

    Returns:
        The content of ``meta.json``.

    Raises:
        FileNotFoundError: If there is no such archive.
        FileExistsError: If ``out`` exists and is anything else.
        ValueError: If the archive is damaged, incomplete or harmful, an image and its mask differ in size, or a name
            for validation does not occur.
    """
    with open_archive(archive) as members:
        images, masks = (_select(members, pattern) for pattern in (published.image, published.mask))
        for what, found in (('images', images), ('masks', masks), ('pairs', images.keys() & masks.keys())):
            require_count(f'{what} of {published.name}', len(found), published.count)
        # Numbered frames are in the order of the video.
        names = sorted(images, key=lambda name: (len(name), name) if name.isdigit() else (0, name))
        held_out = set(published.draw(names, published.held_out, seed) if val_names is None else val_names)
        if not held_out < set(names):
            raise ValueError(f'val_names: expected some of the images of {published.name}, and not all, got '
                             f'{sorted(held_out - set(names))[:5] or "all"}')
        request = dict(name=published.name, format=1, val=sorted(held_out))

        def fill(folder: Path) -> dict[str, Any]:
            for split in SPLITS:
                for kind in ('img_dir', 'ann_dir'):
                    (folder / kind / split).mkdir(parents=True)
            for name in track_iter_progress(names):
                split = SPLITS[name in held_out]
                content, labels = _read_pair(members, images[name], masks[name], published.suffix)
                (folder / 'img_dir' / split / f'{name}{published.suffix}').write_bytes(content)
                Image.fromarray(labels).save(folder / 'ann_dir' / split / f'{name}.png')
            return dict(classes=list(CLASSES), images=dict(train=len(names) - len(held_out), val=len(held_out)))

        meta = make_folder(Path(out).expanduser(), request, fill, report)
    report(f"{out}: {meta['images']['train']} images for training, {meta['images']['val']} for validation")
    return meta


def _select(members: Members, pattern: str) -> dict[str, str]:
    """Paths that match, by name. Where a file comes in two formats, PNG counts."""
    found: dict[str, str] = {}
    for path in sorted(members, key=lambda path: not path.endswith('.png')):
        match = re.search(pattern, path)
        if match is not None:
            found.setdefault(match[1], path)
    return found


def _read_pair(members: Members, image: str, mask: str, suffix: str) -> tuple[bytes, NDArray[np.uint8]]:
    """The file of an image, in the format of a suffix, and its labels."""
    content = members[image]()
    try:
        pixels = Image.open(io.BytesIO(content), formats=FORMATS)
        pixels.load()
        brightness = np.asarray(Image.open(io.BytesIO(members[mask]()), formats=FORMATS).convert('L'))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError(f'archive: {image} or {mask} is no readable image ({error}): download it again') from error
    labels = brightness >= 128
    if brightness.any() and not labels.any():
        raise ValueError(f'archive: {mask} has values up to {brightness.max()}, where masks are published as 0 and '
                         '255: take the archive that is published, or scale the masks')
    if pixels.size != labels.shape[::-1]:
        sizes = ' and '.join(f'{columns} x {rows}' for columns, rows in (pixels.size, labels.shape[::-1]))
        raise ValueError(f'archive: {image} and {mask} have {sizes} pixels: they are no pair')
    if pixels.format == 'TIFF':
        buffer = io.BytesIO()
        pixels.save(buffer, format=Image.registered_extensions()[suffix])
        content = buffer.getvalue()
    return content, labels.astype(np.uint8)
