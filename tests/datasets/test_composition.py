# Copyright (c) mmtips authors. All rights reserved.
import numpy as np
import pytest
from sklearn.datasets import load_digits

from mmtips.datasets.digits import (
    SPLITS,
    Placement,
    classification_image,
    compose,
    digit_indices,
    image_generator,
    load_sources,
    paint,
    render_ink,
    segmentation_image,
)
from mmtips.datasets.digits.sources import PHOTO_COLUMNS


def test_splits_share_no_digit_and_every_split_has_all_ten():
    labels = load_digits().target
    indices = {split: digit_indices(split, labels) for split in SPLITS}
    assert sorted(np.concatenate(list(indices.values())).tolist()) == list(range(1797))
    for chosen in indices.values():
        counts = np.bincount(labels[chosen], minlength=10)
        assert counts.min() > 0.9 * counts.mean()


def test_splits_share_no_pixel_of_a_photograph():
    columns = [set(range(*PHOTO_COLUMNS[split])) for split in SPLITS]
    assert sum(map(len, columns)) == len(set.union(*columns)) == 640
    assert [load_sources(split).photos[0].shape[1] for split in SPLITS] == [len(c) for c in columns]


def test_later_digits_cover_earlier_ones():
    """Two squares of ink at known places: the label map follows what is visible."""
    ink = np.zeros((12, 12), np.float32)
    image, labels = np.zeros((3, 12, 12), np.float32), np.zeros((12, 12), np.uint8)
    first, second = ink.copy(), ink.copy()
    first[2:8, 2:8] = 1
    second[5:10, 5:10] = 1
    color = np.array([200, 100, 50], np.float32)
    image, labels = paint(image, labels, first, 3, color, 1.0)
    image, labels = paint(image, labels, second, 7, 2 * color / 2 + 10, 0.5)
    expected = np.zeros((12, 12), np.uint8)
    expected[2:8, 2:8] = 3
    expected[5:10, 5:10] = 7
    assert np.array_equal(labels, expected)
    np.testing.assert_allclose(image[:, 3, 3], color)
    np.testing.assert_allclose(image[:, 6, 6], color + 5)  # half of the second over the first
    np.testing.assert_allclose(image[:, 0, 0], 0)


@pytest.mark.parametrize('size', [20., 32., 48.])
def test_ink_has_the_size_and_place_asked_for(size):
    (rows, columns), ink = render_ink(np.ones((8, 8), np.float32), Placement((64., 60.), size), 128)
    inside = np.argwhere(ink > 0.5) + (rows.start, columns.start)
    low, high = inside.min(0), inside.max(0) + 1
    np.testing.assert_allclose(high - low, size, atol=1.01)
    np.testing.assert_allclose((high + low) / 2, (60, 64), atol=0.51)


def test_digits_may_reach_over_the_border():
    (rows, columns), ink = render_ink(np.ones((8, 8), np.float32), Placement((2., 64.), 40), 128)
    assert columns.start == 0
    assert ink.shape == (rows.stop - rows.start, columns.stop - columns.start)


@pytest.fixture(scope='module')
def sources():
    return load_sources('train')


def test_images_depend_on_their_own_generator_only(sources):
    one, two = (segmentation_image(sources, image_generator(0, 'seg', 'train', 5)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    other = segmentation_image(sources, image_generator(0, 'seg', 'train', 6))[0]
    assert not np.array_equal(one[0], other)
    assert not np.array_equal(one[0], segmentation_image(sources, image_generator(1, 'seg', 'train', 5))[0])


def test_all_classes_occur_and_the_background_dominates(sources):
    pixels = np.zeros(256, int)
    for index in range(40):
        image, labels = segmentation_image(sources, image_generator(0, 'seg', 'train', index))
        assert image.shape == (128, 128, 3)
        assert labels.shape == (128, 128)
        assert image.dtype == labels.dtype == np.uint8
        pixels += np.bincount(labels.ravel(), minlength=256)
    assert (pixels[:11] > 0).all()
    assert pixels[11:].sum() == 0
    assert 0.7 < pixels[0] / pixels.sum() < 0.95


def test_classification_images_show_one_digit(sources):
    image = classification_image(sources, 4, image_generator(0, 'cls', 'train', 0))
    assert image.shape == (64, 64, 3)
    assert image.dtype == np.uint8


def test_label_map_is_what_the_last_digit_left(sources):
    rng = np.random.default_rng(0)
    background = np.full((3, 64, 64), 90, np.float32)
    _, labels = compose(background, np.ones((1, 8, 8), np.float32), np.array([9]), (30., 30.), rng)
    assert set(np.unique(labels)) == {0, 9}
