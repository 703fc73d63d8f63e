# Copyright (c) mmtips authors. All rights reserved.
"""Pictures of where predictions flicker."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image
from torch import Tensor, nn

#: The pictures of one example, in the order in which a report shows them.
PANELS = ('image', 'truth', 'prediction', 'flicker')
GREY = (128, 128, 128)


def write_examples(examples: dict[int, dict[str, Any]], model: nn.Module, palette: Sequence[Sequence[int]],
                   folder: Path, protocol: str = 'standard') -> dict[str, dict[str, str]]:
    """Write the pictures of the kept examples of a segmentation model.

    Args:
        examples: What the shift loop kept (``loop.measure.examples``); examples without a map are passed over.
        model: The model, whose preprocessing is undone for the picture of the image.
        palette: Colour of each class, 0 to 255.
        folder: Where to: into ``figures/<date and time>`` in it, so that every result keeps its own pictures.
        protocol: Whose flicker is drawn.

    Returns:
        For the number of each example the file of each panel, relative to ``folder``.
    """
    figures: dict[str, dict[str, str]] = {}
    place = Path('figures', datetime.now().strftime('%Y%m%d_%H%M%S_%f'))
    for index, example in sorted(examples.items()):
        kept = example['protocols'].get(protocol)
        if kept is None or example['truth'] is None or kept['prediction'].shape != example['image'].shape[-2:]:
            continue
        image = original_image(example['image'], model)
        pictures = (image, paint_labels(example['truth'], palette), paint_labels(kept['prediction'], palette),
                    paint_flicker(image, kept['differ'], kept['seen']))
        (folder / place).mkdir(parents=True, exist_ok=True)
        files = {panel: str(place / f'{index:02d}_{panel}.png') for panel in PANELS}
        for name, picture in zip(files.values(), pictures, strict=True):
            Image.fromarray(picture).save(folder / name)
        figures[f'{index:02d}'] = files
    return figures


def original_image(image: Tensor, model: nn.Module) -> np.ndarray:
    """Undo the normalisation of a host's preprocessing.

    Args:
        image: ``(C, H, W)``, preprocessed.
        model: The model with ``data_preprocessor``.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    preprocessor: Any = model.data_preprocessor
    if hasattr(preprocessor, 'mean') and hasattr(preprocessor, 'std'):
        image = image * preprocessor.std.cpu() + preprocessor.mean.cpu()
    array = image.clamp(0, 255).round().byte().permute(1, 2, 0).numpy()
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array[..., :3]


def paint_labels(labels: Tensor, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Colour a label map; what has no class (unseen, ignored) becomes grey.

    Args:
        labels: ``(H, W)`` integers.
        palette: Colour of each class, 0 to 255.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    indices = labels.cpu().numpy()
    colors = np.array([*palette, GREY], dtype=np.uint8)
    known = (indices >= 0) & (indices < len(palette))
    return colors[np.where(known, indices, len(palette))]


def paint_flicker(image: np.ndarray, differ: Tensor, seen: Tensor) -> np.ndarray:
    """Overlay the share of pairs of views that disagree on a dimmed image.

    Args:
        image: ``(H, W, 3)`` uint8.
        differ: ``(H, W)``, how many pairs disagree on the pixel.
        seen: ``(H, W)``, how many pairs see it.

    Returns:
        ``(H, W, 3)`` uint8: yellow where every pair disagrees, red where few do, the dim grey image where none does.
    """
    share = (differ / seen.clamp(min=1)).numpy()[..., None]
    grey = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2) * 0.45
    heat = matplotlib.colormaps['autumn'](share[..., 0])[..., :3] * 255
    painted = np.where(share > 0, (0.35 + 0.65 * share) * heat + (0.65 - 0.65 * share) * grey, grey)
    painted[(seen == 0).numpy()] = GREY
    return painted.round().astype(np.uint8)
