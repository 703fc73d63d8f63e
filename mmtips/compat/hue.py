# Copyright (c) mmtips authors. All rights reserved.
"""Fault: ``mmcv.adjust_hue``, and with it ``ColorJitter``, raises for a negative hue under numpy >= 2."""

import functools
import importlib
from typing import Any

import numpy as np

from mmtips.compat.mends import Mend, raises, rebind


class _WrappedHue(float):
    """A hue factor whose product with 255 is wrapped into 0..255.

    mmcv converts that product to uint8 and relied on numpy 1 to wrap it; numpy 2 raises instead.
    """

    def __mul__(self, other: float) -> int:
        return int(float(self) * other) % 256


def _photometric() -> Any:
    return importlib.import_module('mmcv.image.photometric')


def _needed() -> bool:
    pixel = np.zeros((1, 1, 3), dtype=np.uint8)
    return raises(OverflowError, lambda: _photometric().adjust_hue(pixel, -0.1))


def _apply() -> None:
    original = _photometric().adjust_hue

    @functools.wraps(original)
    def adjust_hue(img: np.ndarray, hue_factor: float, *args: Any, **kwargs: Any) -> np.ndarray:
        return original(img, _WrappedHue(hue_factor), *args, **kwargs)

    rebind(original, adjust_hue)


ADJUST_HUE = Mend(
    name='adjust_hue',
    fault='mmcv.adjust_hue, and with it ColorJitter, raises OverflowError for a negative hue under numpy >= 2',
    packages=('mmcv',),
    needed=_needed,
    apply=_apply)
