# Copyright (c) mmtips authors. All rights reserved.
"""Common corruptions as a transform of either host's pipeline.

Source of the corruptions: Hendrycks and Dietterich, ICLR 2019; they are drawn by imagecorruptions-imaug.
"""

import contextlib
import hashlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from mmengine.registry import TRANSFORMS

from mmtips.robustness.libraries import require_library

#: The published ones, in the published order: noise, blur, weather, digital.
CORRUPTIONS = ('gaussian_noise', 'shot_noise', 'impulse_noise', 'defocus_blur', 'glass_blur', 'motion_blur',
               'zoom_blur', 'snow', 'frost', 'fog', 'brightness', 'contrast', 'elastic_transform', 'pixelate',
               'jpeg_compression')
SEVERITIES = (1, 2, 3, 4, 5)
CHANNEL_ORDERS = ('bgr', 'rgb')
#: The smallest side that the library takes.
SMALLEST = 32
#: These draw from generators of their own, which take a seed; the others from numpy's global one.
_SEEDED_BY_ARGUMENT = ('impulse_noise', 'glass_blur')


def corrupt(image: np.ndarray, corruption: str, severity: int, seed: int = 0) -> np.ndarray:
    """Corrupt an image; the same image and seed always give the same result.

    What is drawn depends on the seed, the corruption and the pixels, so neither on the order of the images nor on
    processes, folders or subsets. It does not depend on the severity: noise of severity 5 is that of 1, only stronger.

    Args:
        image: ``(H, W, 3)`` uint8, RGB, each side at least :data:`SMALLEST` pixels.
        corruption: One of :data:`CORRUPTIONS`.
        severity: 1 to 5.
        seed: Seed of the drawing.

    Returns:
        ``(H, W, 3)`` uint8, RGB.

    Raises:
        ValueError: If the corruption or severity is unknown, or the image of another kind or smaller.
        ImportError: If imagecorruptions-imaug is not installed.
    """
    check_corruption(corruption, severity)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError('image: expected a uint8 array (H, W, 3), got '
                         f'{getattr(image, "dtype", type(image))} {getattr(image, "shape", "")}: corrupt the image '
                         'as it was loaded, before it is normalised')
    if min(image.shape[:2]) < SMALLEST:
        raise ValueError(f'image: corruptions are defined from {SMALLEST} pixels a side, got {image.shape[0]} x '
                         f'{image.shape[1]}: resize the image before it is corrupted')
    library = require_library('imagecorruptions', 'corrupting images')
    pixels = np.ascontiguousarray(image)
    draw = hashlib.blake2b(f'{seed} {corruption} {pixels.shape}'.encode() + pixels.tobytes(), digest_size=16).digest()
    words = np.frombuffer(draw, np.uint32)
    options = dict(seed=int(words[0])) if corruption in _SEEDED_BY_ARGUMENT else {}
    # The library prints where sizes do not divide, for every image.
    with _global_numpy_seed(words), contextlib.redirect_stdout(io.StringIO()):
        return library.corrupt(pixels, severity, corruption, **options)


def check_corruption(corruption: str, severity: int) -> None:
    """Make sure that there is such a corruption.

    Args:
        corruption: One of :data:`CORRUPTIONS`.
        severity: 1 to 5.

    Raises:
        ValueError: If there is not.
    """
    if corruption not in CORRUPTIONS:
        raise ValueError(f'corruption: expected one of {CORRUPTIONS}, got {corruption!r}')
    if severity not in SEVERITIES:
        raise ValueError(f'severity: expected one of {SEVERITIES}, got {severity!r}')


@contextlib.contextmanager
def _global_numpy_seed(words: np.ndarray) -> Iterator[None]:
    # The library knows no other generator; data pipelines draw from it too, so it is put back.
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(words)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


@TRANSFORMS.register_module()
class TIPSCorrupt:
    """Corrupt ``results['img']``, right after it was loaded: ``dict(type='TIPSCorrupt', corruption='fog')``.

    Args:
        corruption: One of :data:`CORRUPTIONS`.
        severity: 1 to 5.
        seed: See :func:`corrupt`.
        channel_order: Of the image, ``'bgr'`` as the hosts load files, or ``'rgb'`` as some in-memory data sets
            have it.

    Raises:
        ValueError: If an argument is none of these.
        ImportError: If imagecorruptions-imaug is not installed.
    """

    def __init__(self, corruption: str, severity: int = 1, seed: int = 0, channel_order: str = 'bgr') -> None:
        check_corruption(corruption, severity)
        if channel_order not in CHANNEL_ORDERS:
            raise ValueError(f'channel_order: expected one of {CHANNEL_ORDERS}, got {channel_order!r}')
        # Now, in the process that builds the data set: an absent library is found before the run, and what is compiled
        # for glass blur (seconds) is there in the workers that are forked from it.
        corrupt(np.zeros((SMALLEST, SMALLEST, 3), np.uint8), corruption, severity)
        self.corruption = corruption
        self.severity = severity
        self.seed = seed
        self.channel_order = channel_order

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Corrupt.

        Args:
            results: What the pipeline knows of one sample; ``img`` is replaced.

        Returns:
            The same dict.

        Raises:
            ValueError: If there is no image yet, or it cannot be corrupted; the message names its file if it has one.
        """
        if 'img' not in results:
            raise ValueError("TIPSCorrupt: no 'img' in the results yet: put it after the transform that loads the "
                             f'image; there are {sorted(results)}')
        step = -1 if self.channel_order == 'bgr' else 1
        try:
            image = results['img'] if results['img'].ndim < 3 else results['img'][..., ::step]
            corrupted = corrupt(image, self.corruption, self.severity, self.seed)
        except ValueError as error:
            raise ValueError(f"TIPSCorrupt: {results.get('img_path', 'image')}: {error}") from error
        results['img'] = np.ascontiguousarray(corrupted[..., ::step])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.corruption!r}, severity={self.severity}, seed={self.seed})'
