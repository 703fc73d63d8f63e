# Copyright (c) mmtips authors. All rights reserved.
import random
import sys

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import TRANSFORMS
from sklearn.datasets import load_sample_images

from mmtips.robustness import CORRUPTIONS, SEVERITIES, TIPSCorrupt, corrupt, corrupt_pipeline

library = pytest.importorskip('imagecorruptions')


@pytest.fixture(scope='module')
def photo():
    """A temple under a bright sky, 64 x 96, RGB."""
    return cv2.resize(load_sample_images().images[0], (96, 64), interpolation=cv2.INTER_AREA)


def psnr(image, corrupted):
    return 10 * np.log10(255**2 / np.square(image.astype(float) - corrupted).mean())


def numpy_state():
    return [str(part) for part in np.random.get_state()]  # noqa: NPY002 - the library's


def test_names_are_the_published_ones():
    assert tuple(library.get_corruption_names('common')) == CORRUPTIONS


@pytest.mark.parametrize('corruption', CORRUPTIONS)
def test_a_corruption(corruption, photo):
    before, state, python = photo.copy(), numpy_state(), random.getstate()
    images = [corrupt(photo, corruption, severity) for severity in SEVERITIES]
    assert all(image.shape == photo.shape and image.dtype == np.uint8 for image in images)
    assert psnr(photo, images[0]) < 45  # it changes the image,
    assert psnr(photo, images[4]) < psnr(photo, images[0]) - 1  # and more so at the highest severity,
    assert len({image.tobytes() for image in images}) == 5
    assert np.array_equal(photo, before)  # but not what it was given,
    assert numpy_state() == state  # nor any generator.
    assert random.getstate() == python
    np.random.seed(7)  # noqa: NPY002 - whatever state the process is in
    corrupt(photo[::-1], corruption, 2)  # whatever came before
    assert np.array_equal(corrupt(photo, corruption, 1), images[0])


@pytest.mark.parametrize('corruption', ['gaussian_noise', 'impulse_noise', 'glass_blur', 'motion_blur', 'frost'])
def test_seeds_and_images_draw_differently(corruption, photo):
    assert not np.array_equal(corrupt(photo, corruption, 3, seed=0), corrupt(photo, corruption, 3, seed=1))
    other = photo.copy()
    other[0, 0] ^= 1
    assert np.abs(corrupt(photo, corruption, 3).astype(int) - corrupt(other, corruption, 3)).max() > 10


def test_noise_is_the_published_one():
    """Standard deviation 0.08 of [0, 1] on mid grey, where nothing is clipped."""
    grey = np.full((200, 200, 3), 128, np.uint8)
    change = corrupt(grey, 'gaussian_noise', 1).astype(float) - 128
    assert change.std() == pytest.approx(0.08 * 255, rel=0.02)
    assert abs(change.mean() + 0.5) < 0.3  # the library cuts off decimals


@pytest.mark.parametrize('size', [(32, 32), (33, 47), (50, 130)])
@pytest.mark.parametrize('corruption', CORRUPTIONS)
def test_any_size_from_32_pixels(size, corruption, photo, capsys):
    image = cv2.resize(photo, size[::-1])
    assert corrupt(image, corruption, 5).shape == image.shape
    assert capsys.readouterr().out == ''


@pytest.mark.parametrize(('image', 'message'), [
    (np.zeros((31, 64, 3), np.uint8), 'from 32 pixels a side, got 31 x 64'),
    (np.zeros((64, 64, 3), np.float32), r'expected a uint8 array \(H, W, 3\), got float32'),
    (np.zeros((64, 64), np.uint8), r'got uint8 \(64, 64\)'),
    ('image.png', 'expected a uint8 array'),
])
def test_images_that_are_refused(image, message):
    with pytest.raises(ValueError, match=message):
        corrupt(image, 'fog', 1)


@pytest.mark.parametrize(('options', 'message'), [
    (dict(corruption='rain'), "corruption: expected one of .* got 'rain'"),
    (dict(corruption='fog', severity=0), 'severity: expected one of .* got 0'),
    (dict(corruption='fog', channel_order='gbr'), "channel_order: .* got 'gbr'"),
])
def test_options_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TIPSCorrupt(**options)


def test_the_transform_knows_bgr_and_rgb(photo):
    """Frost is blue: it has to be so in either order of channels."""
    build = TRANSFORMS.build
    bgr = build(dict(type='TIPSCorrupt', corruption='frost', severity=5))(dict(img=photo[..., ::-1]))['img']
    rgb = build(dict(type='TIPSCorrupt', corruption='frost', severity=5, channel_order='rgb'))(dict(img=photo))['img']
    assert np.array_equal(bgr[..., ::-1], rgb)
    assert np.array_equal(rgb, corrupt(photo, 'frost', 5))
    assert bgr.flags.c_contiguous


def test_the_transform_says_which_image_and_where_it_belongs():
    transform = TIPSCorrupt('fog')
    with pytest.raises(ValueError, match='small.png: .* from 32 pixels'):
        transform(dict(img=np.zeros((8, 8, 3), np.uint8), img_path='small.png'))
    with pytest.raises(ValueError, match="no 'img' in the results yet: put it after"):
        transform(dict(img_path='a.png'))


def test_without_the_library_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'imagecorruptions', None)
    with pytest.raises(ImportError, match=r"needs imagecorruptions-imaug.*pip install 'mmtips\[robustness\]'"):
        TIPSCorrupt('fog')


LOAD, ANNOTATE, PACK = dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'), dict(type='PackSegInputs')
FOG = dict(type='TIPSCorrupt', corruption='fog', severity=2, seed=0, channel_order='bgr')


def config(dataset, **model):
    return Config(dict(test_dataloader=dict(dataset=dataset), model=model))


def test_the_transform_goes_behind_what_loads_the_image():
    original = config(dict(type='X', pipeline=[LOAD, ANNOTATE, PACK]))
    changed = corrupt_pipeline(original, 'fog', 2)
    assert changed.test_dataloader.dataset.pipeline == [LOAD, FOG, ANNOTATE, PACK]
    assert original.test_dataloader.dataset.pipeline == [LOAD, ANNOTATE, PACK]
    again = config(dict(type='X', pipeline=[LOAD, dict(type='mmcv.LoadImageFromNDArray'), PACK]))
    assert [part['type'] for part in corrupt_pipeline(again, 'fog', 2).test_dataloader.dataset.pipeline] == [
        'LoadImageFromFile', 'mmcv.LoadImageFromNDArray', 'TIPSCorrupt', 'PackSegInputs']


def test_the_order_of_imagenet_c():
    crop = dict(type='mmcv.CenterCrop')
    original = config(dict(type='X', pipeline=[LOAD, crop, PACK]))
    assert corrupt_pipeline(original, 'fog', 2, after='CenterCrop').test_dataloader.dataset.pipeline == [
        LOAD, crop, FOG, PACK]
    with pytest.raises(ValueError, match=r"corrupt_after: expected one of \['LoadImageFromFile', 'CenterCrop', 'Pack"):
        corrupt_pipeline(original, 'fog', 2, after='Resize')


def test_wrapped_and_concatenated_data_sets():
    part = dict(type='X', pipeline=[LOAD, PACK])
    nested = config(dict(type='ConcatDataset', datasets=[part, dict(type='RepeatDataset', dataset=part)]))
    first, second = corrupt_pipeline(nested, 'fog', 2).test_dataloader.dataset.datasets
    assert first.pipeline == second.dataset.pipeline == [LOAD, FOG, PACK]


@pytest.mark.parametrize(('preprocessor', 'order'), [(dict(to_rgb=False), 'rgb'), (dict(to_rgb=True), 'bgr')])
def test_images_in_memory_are_corrupted_first(preprocessor, order):
    """CIFAR's are RGB in mmpretrain, whose data preprocessor then turns nothing."""
    changed = corrupt_pipeline(config(dict(type='CIFAR10', pipeline=[PACK]), data_preprocessor=preprocessor), 'fog', 2)
    assert changed.test_dataloader.dataset.pipeline == [dict(FOG, channel_order=order), PACK]


@pytest.mark.parametrize('dataset', [None, dict(type='X'), dict(type='X', pipeline=[])])
def test_no_pipeline(dataset):
    with pytest.raises(ValueError, match='no pipeline found in test_dataloader.dataset'):
        corrupt_pipeline(config(dataset), 'fog', 2)
