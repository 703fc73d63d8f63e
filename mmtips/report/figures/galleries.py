# Copyright (c) mmtips authors. All rights reserved.
"""Pictures of examples, and of the images that flicker most, written beside a result."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor, nn

from mmtips.report.figures.pictures import original_image, paint_difference, paint_flicker, paint_labels

#: The pictures of one example, in the order in which a report shows them.
PANELS = ('image', 'truth', 'prediction', 'flicker')


def new_place() -> Path:
    """Where the pictures of one result go, relative to it: a folder of their own, so that every result keeps its."""
    return Path('figures', datetime.now().strftime('%Y%m%d_%H%M%S_%f'))


def save_panels(panels: Mapping[str, np.ndarray], start: Path, folder: Path) -> dict[str, str]:
    """Save pictures as ``<folder>/<start>_<panel>.png``.

    Args:
        panels: ``(H, W, 3)`` uint8 by the name of the panel.
        start: What the files' names begin with, relative to ``folder``.
        folder: Where the result lies.

    Returns:
        The file of each panel, relative to ``folder``.
    """
    (folder / start).parent.mkdir(parents=True, exist_ok=True)
    files = {panel: f'{start.as_posix()}_{panel}.png' for panel in panels}
    for panel, picture in panels.items():
        Image.fromarray(picture).save(folder / files[panel])
    return files


def write_examples(examples: dict[int, dict[str, Any]], model: nn.Module, palette: Sequence[Sequence[int]],
                   folder: Path) -> dict[str, dict[str, str]]:
    """Write the pictures of examples of a segmentation model.

    Args:
        examples: What ``mmtips.evaluation.exhibits.flicker_examples`` found; without a map they are passed over.
        model: The model, whose preprocessing is undone for the picture of the image.
        palette: Colour of each class, 0 to 255.
        folder: Where to: into ``figures/<date and time>`` in it, so that every result keeps its own pictures.

    Returns:
        For the number of each example the file of each panel, relative to ``folder``.
    """
    figures: dict[str, dict[str, str]] = {}
    place = new_place()
    for index, example in sorted(examples.items()):
        panels = paint_example(example, model, palette)
        if panels:
            figures[f'{index:02d}'] = save_panels(panels, place / f'{index:02d}', folder)
    return figures


def paint_example(example: dict[str, Any], model: nn.Module,
                  palette: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
    """Paint an example of a segmentation model.

    Args:
        example: One of those that ``mmtips.evaluation.exhibits.flicker_examples`` found.
        model: The model, whose preprocessing is undone for the picture of the image.
        palette: Colour of each class, 0 to 255.

    Returns:
        By the name of the panel ``(H, W, 3)`` uint8; nothing for an example without a map.
    """
    if example['truth'] is None or example['prediction'].shape != example['image'].shape[-2:]:
        return {}
    image = original_image(example['image'], model)
    pictures = (image, paint_labels(example['truth'], palette), paint_labels(example['prediction'], palette),
                paint_flicker(image, example['differ'], example['seen']))
    return dict(zip(PANELS, pictures, strict=True))


def write_gallery(entries: Sequence[Mapping[str, Any]], model: nn.Module, palette: Sequence[Sequence[int]],
                  folder: Path) -> list[dict[str, Any]]:
    """Write the pictures of the images that flicker most.

    Args:
        entries: One dict for each image, in the order in which they are shown: ``index`` in the data set, ``image``
            (its name), ``agreement`` of its views in percent, ``shifts`` of both views as ``[dy, dx]`` in pixels,
            ``view_a`` and ``view_b`` ``(C, h, w)`` as the network saw them; for segmentation ``prediction_a`` and
            ``prediction_b`` ``(H, W)`` on the pixels of the image, negative where unseen, and ``truth`` ``(H, W)``, or
            None where there is none; for classification these three are None, and ``labels`` names what was said of
            ``a``, of ``b``, and the ``truth``.
        model: The model, whose preprocessing is undone.
        palette: Colour of each class, 0 to 255.
        folder: Where to: into ``figures/<date and time>`` in it.

    Returns:
        The ``figures.gallery`` of a result.
    """
    place = new_place()
    return [dict(index=int(entry['index']), image=str(entry['image']), agreement=float(entry['agreement']),
                 shifts=[[float(step) for step in shift] for shift in entry['shifts']], labels=entry['labels'],
                 panels=save_panels(_gallery_panels(entry, model, palette), place / f'gallery_{rank:02d}', folder))
            for rank, entry in enumerate(entries)]


def _gallery_panels(entry: Mapping[str, Any], model: nn.Module,
                    palette: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
    panels = {name: original_image(entry[name].cpu(), model) for name in ('view_a', 'view_b')}
    maps: dict[str, Tensor] = {name: entry[name] for name in ('prediction_a', 'prediction_b', 'truth')
                               if entry[name] is not None}
    panels |= {name: paint_labels(labels, palette) for name, labels in maps.items()}
    if 'prediction_a' in maps and 'prediction_b' in maps:
        panels['difference'] = paint_difference(maps['prediction_a'], maps['prediction_b'], palette)
    return panels
