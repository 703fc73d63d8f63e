# Copyright (c) mmtips authors. All rights reserved.
"""What a network saw and said, painted as arrays."""

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from torch import Tensor, nn

#: What has no class, or is not seen.
GREY = (128, 128, 128)
#: Where two predictions differ.
YELLOW = (255, 221, 51)


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


def paint_difference(first: Tensor, second: Tensor, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Mark where two predictions differ.

    Args:
        first: ``(H, W)`` integers, aligned on the image; negative where the view does not see the pixel.
        second: The same for the other view.
        palette: Colour of each class, 0 to 255.

    Returns:
        ``(H, W, 3)`` uint8: yellow where they differ, grey where a view does not see the pixel, and elsewhere the
        brightness of the class at a third, so that one sees where one is.
    """
    one, two = first.cpu().numpy(), second.cpu().numpy()
    seen = (one >= 0) & (two >= 0)
    dim = paint_labels(first, palette).mean(axis=2, keepdims=True) / 3
    painted = np.repeat(dim, 3, axis=2)
    painted[seen & (one != two)] = YELLOW
    painted[~seen] = GREY
    return painted.round().astype(np.uint8)
