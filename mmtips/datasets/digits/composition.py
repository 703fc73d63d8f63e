# Copyright (c) mmtips authors. All rights reserved.
"""Composition of scattered digits: pure functions from digits, a photograph and a random generator to an image."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmtips.datasets.digits.painting import Placement, paint, render_ink
from mmtips.datasets.digits.sources import Sources

SEG_SIZE, CLS_SIZE = 128, 64
SEG_DIGIT_SIZES, CLS_DIGIT_SIZES = (20.0, 48.0), (20.0, 40.0)
SEG_FEWEST, SEG_MOST = 5, 9

MAX_ANGLE = 6.0
MAX_SHEAR = 0.1
# How much brighter a digit is than what it covers. Always brighter: a network that has to learn both polarities spends
# hundreds of the demo's 2,000 iterations on it.
CONTRAST = (80.0, 150.0)
OPACITY = (0.9, 1.0)
# Share of the photographs' brightness that is kept, so that something brighter fits everywhere.
BACKGROUND_BRIGHTNESS = 0.4


def draw_background(photos: tuple[NDArray[np.uint8], ...], image_size: int,
                    rng: np.random.Generator) -> NDArray[np.float32]:
    """Cut a square from one of the photographs, dim and scale it, and turn or mirror it.

    Args:
        photos: Photographs of shape (height, width, 3) and dtype uint8, at least 1.125 S high and wide.
        image_size: Side S of the background in pixels.
        rng: Source of all random numbers.

    Returns:
        RGB image of shape (3, S, S), dtype float32 and range [0, 255].
    """
    photo = photos[rng.integers(len(photos))]
    side = int(image_size * rng.uniform(0.75, 1.125))
    top, left = (int(rng.integers(length - side + 1)) for length in photo.shape[:2])
    crop = Image.fromarray(photo[top:top + side, left:left + side])
    square = np.asarray(crop.resize((image_size, image_size), Image.Resampling.BICUBIC), np.float32)
    turned = np.rot90(square, int(rng.integers(4)))
    mirrored = turned[:, ::-1] if rng.integers(2) else turned
    return np.ascontiguousarray(BACKGROUND_BRIGHTNESS * mirrored.transpose(2, 0, 1))


def draw_placement(image_size: int, sizes: tuple[float, float], others: list[Placement],
                   rng: np.random.Generator) -> Placement:
    """Draw where a digit goes: the best of three places, so that digits overlap yet seldom bury each other.

    Args:
        image_size: Side of the image in pixels.
        sizes: Smallest and largest side of a digit in pixels.
        others: Where earlier digits lie.
        rng: Source of all random numbers.

    Returns:
        The placement; at most a quarter of the digit's side reaches over the border of the image.
    """
    size = rng.uniform(*sizes)
    candidates = rng.uniform(size / 4, image_size - size / 4, (3, 2))
    centers = np.array([other.center for other in others]).reshape(-1, 2)
    clearance = np.linalg.norm(candidates[:, None] - centers, axis=-1).min(axis=1, initial=image_size)
    x, y = candidates[clearance.argmax()].tolist()
    return Placement((x, y), size, rng.uniform(-MAX_ANGLE, MAX_ANGLE), rng.uniform(-MAX_SHEAR, MAX_SHEAR))


def draw_color(covered: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a colour that is brighter than what a digit covers.

    Args:
        covered: Mean brightness below the digit, in [0, 255].
        rng: Source of all random numbers.

    Returns:
        RGB colour of shape (3,), dtype float32 and range [0, 255].
    """
    tint = rng.uniform(-60, 60, 3)
    return np.clip(covered + rng.uniform(*CONTRAST) + tint - tint.mean(), 0, 255).astype(np.float32)


def compose(background: NDArray[np.float32], digits: NDArray[np.float32], labels: NDArray[np.int64],
            sizes: tuple[float, float], rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Scatter digits over a background, later ones over earlier ones, and add a little sensor noise.

    Args:
        background: RGB image of shape (3, S, S), dtype float32 and range [0, 255].
        digits: Ink of shape (N, 8, 8) and range [0, 1].
        labels: Label of each digit, of shape (N,) and range 1..255.
        sizes: Smallest and largest side of a digit in pixels.
        rng: Source of all random numbers.

    Returns:
        RGB image of shape (S, S, 3) and dtype uint8, and its label map of shape (S, S) and dtype uint8: 0 for the
        background, else the label of the uppermost digit.
    """
    size = background.shape[-1]
    image, label_map = background.copy(), np.zeros((size, size), np.uint8)
    placements: list[Placement] = []
    for digit, label in zip(digits, labels, strict=True):
        placements.append(draw_placement(size, sizes, placements, rng))
        (rows, columns), ink = render_ink(digit, placements[-1], size)
        below = image[:, rows, columns]
        color = draw_color(float((ink * below).sum() / (3 * ink.sum())), rng)
        image[:, rows, columns], label_map[rows, columns] = paint(below, label_map[rows, columns], ink, int(label),
                                                                  color, rng.uniform(*OPACITY))
    noisy = image + rng.uniform(1, 8) * rng.standard_normal(image.shape, np.float32)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8).transpose(1, 2, 0), label_map


def segmentation_image(sources: Sources, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Compose an image of several digits.

    Args:
        sources: The digits and photographs of a split.
        rng: Source of all random numbers.

    Returns:
        RGB image of shape (128, 128, 3) and dtype uint8, and its label map of shape (128, 128) and dtype uint8: 0 for
        the background and 1 + d for digit d.
    """
    chosen = rng.integers(len(sources.digits), size=rng.integers(SEG_FEWEST, SEG_MOST + 1))
    background = draw_background(sources.photos, SEG_SIZE, rng)
    return compose(background, sources.digits[chosen], sources.digit_labels[chosen] + 1, SEG_DIGIT_SIZES, rng)


def classification_image(sources: Sources, digit: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Compose an image of one digit at a random position.

    Args:
        sources: The digits and photographs of a split.
        digit: The digit to show, in 0..9.
        rng: Source of all random numbers.

    Returns:
        RGB image of shape (64, 64, 3) and dtype uint8.
    """
    chosen = rng.choice(np.flatnonzero(sources.digit_labels == digit), 1)
    background = draw_background(sources.photos, CLS_SIZE, rng)
    return compose(background, sources.digits[chosen], sources.digit_labels[chosen] + 1, CLS_DIGIT_SIZES, rng)[0]
