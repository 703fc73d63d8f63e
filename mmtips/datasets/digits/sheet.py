# Copyright (c) mmtips authors. All rights reserved.
"""One picture that shows what scattered digits look like."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mmtips.datasets.digits.sources import CLASSES, PALETTE

GAP = 4
CAPTION_HEIGHT = 20


def _grid(tiles: Sequence[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Lay RGB tiles of one size out in rows on white."""
    height, width = (length + GAP for length in tiles[0].shape[:2])
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * height, columns * width, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // columns * height, number % columns * width
        sheet[top:top + height - GAP, left:left + width - GAP] = tile
    return sheet


def _caption(parts: Sequence[tuple[str, tuple[int, int, int]]], width: int) -> NDArray[np.uint8]:
    """Write words on a white strip, each in its own colour."""
    strip = Image.new('RGB', (width, CAPTION_HEIGHT), 'white')
    draw = ImageDraw.Draw(strip)
    left = 2.0
    for words, color in parts:
        draw.text((left, 3), words, fill=color)
        left += draw.textlength(words + '   ')
    return np.asarray(strip)


def contact_sheet(folder: str | Path) -> Image.Image:
    """Draw a sheet of training images: segmentation over its label maps, then classification.

    Args:
        folder: A folder that :func:`mmtips.datasets.write_scattered_digits` made.

    Returns:
        RGB picture, about 680 pixels wide.
    """
    root = Path(folder)
    images = [np.asarray(Image.open(path)) for path in sorted((root / 'seg/img_dir/train').glob('*.png'))[:10]]
    maps = [np.array(PALETTE, np.uint8)[np.asarray(Image.open(path))]
            for path in sorted((root / 'seg/ann_dir/train').glob('*.png'))[:10]]
    paths = sorted((root / 'cls/train').glob('*/*.png'), key=lambda path: path.name)
    singles = _grid([np.asarray(Image.open(path)) for path in paths[:20]], 10)
    pairs = [_grid(images[first:first + 5] + maps[first:first + 5], 5) for first in (0, 5)]
    width = max(pairs[0].shape[1], singles.shape[1])
    black = (0, 0, 0)
    bands = [
        _caption([('segmentation: image and label map', black)], width),
        _caption(list(zip(CLASSES, PALETTE, strict=True)), width), *pairs,
        _caption([('classification: one digit an image', black)], width), singles
    ]
    padded = [np.pad(band, ((0, 0), (0, width - band.shape[1]), (0, 0)), constant_values=255) for band in bands]
    return Image.fromarray(np.vstack(padded))
