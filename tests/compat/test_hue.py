# Copyright (c) mmtips authors. All rights reserved.
import importlib

import numpy as np
import pytest

import mmtips.compat

mmcv = pytest.importorskip('mmcv')
cv2 = pytest.importorskip('cv2')

IMAGE = np.random.default_rng(0).integers(0, 256, size=(6, 5, 3), dtype=np.uint8)


def turned(image: np.ndarray, hue_factor: float) -> np.ndarray:
    """The definition: the hue, a byte, is moved by ``hue_factor * 255`` around the circle."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV_FULL).astype(int)
    hsv[..., 0] = (hsv[..., 0] + int(hue_factor * 255)) % 256
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR_FULL)


@pytest.mark.parametrize('hue_factor', [-0.5, -0.1, -1e-3, 0, 0.1, 0.5, np.float64(-0.3)])
def test_hue_is_turned_both_ways(hue_factor):
    np.testing.assert_array_equal(mmcv.adjust_hue(IMAGE, hue_factor), turned(IMAGE, hue_factor))


@pytest.mark.parametrize('hue_factor', [-0.5, -0.2, 0.2])
def test_pillow_backend_works(hue_factor):
    assert mmcv.adjust_hue(IMAGE, hue_factor, backend='pillow').shape == IMAGE.shape


def test_dtype_is_kept():
    assert mmcv.adjust_hue(IMAGE.astype(np.float32), -0.2).dtype == np.float32


@pytest.mark.parametrize('hue_factor', [-0.6, 0.6])
def test_what_mmcv_refuses_stays_refused(hue_factor):
    with pytest.raises(ValueError, match='is not in'):
        mmcv.adjust_hue(IMAGE, hue_factor)


def test_every_name_of_the_function_is_mended_once():
    mmtips.compat.apply()
    functions = {importlib.import_module(name).adjust_hue for name in ('mmcv', 'mmcv.image', 'mmcv.image.photometric')}
    assert len(functions) == 1
    assert not hasattr(getattr(mmcv.adjust_hue, '__wrapped__', None), '__wrapped__')


def test_color_jitter_of_mmpretrain_works():
    pytest.importorskip('mmpretrain')
    transforms = importlib.import_module('mmpretrain.datasets.transforms')
    jitter = transforms.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.5)
    for _ in range(8):
        assert jitter(dict(img=IMAGE.copy()))['img'].shape == IMAGE.shape
