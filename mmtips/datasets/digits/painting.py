# Copyright (c) mmtips authors. All rights reserved.
"""How one digit gets into an image: an affine map for its ink, and the painting of image and label map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Ink above this value is digit in the label map; in the image, ink fades in linearly around it.
INK_THRESHOLD = 0.5
INK_FADE = 0.4


@dataclass(frozen=True)
class Placement:
    """Where and how a digit lies in an image.

    Attributes:
        center: The x and y of its middle in pixels; the image spans [0, width] x [0, height].
        size: Side of its upright square in pixels.
        angle: Rotation in degrees.
        shear: Slant, as x offset per y.
    """
    center: tuple[float, float]
    size: float
    angle: float = 0.0
    shear: float = 0.0


def render_ink(digit: NDArray[np.float32], placement: Placement,
               image_size: int) -> tuple[tuple[slice, slice], NDArray[np.float32]]:
    """Draw the ink of a digit by one bicubic, continuous affine map.

    Args:
        digit: Ink of shape (8, 8) and range [0, 1].
        placement: Where it goes; its center lies inside the image, and parts outside are cut off.
        image_size: Side S of the image in pixels.

    Returns:
        The rows and columns of the image that the digit may touch, and its ink there, of shape (rows, columns), dtype
        float32 and range [0, 1].
    """
    padded = np.zeros((12, 12), np.float32)  # Strokes touch the raster's border, and bicubic ink needs room to fade.
    padded[2:-2, 2:-2] = digit
    angle = np.deg2rad(placement.angle)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    to_digit = np.array([[1, placement.shear], [0, 1]]) @ turn * 8 / placement.size
    center = np.array(placement.center)
    reach = np.abs(np.linalg.inv(to_digit)).sum(axis=1) * 6
    left, top = np.clip(np.floor(center - reach), 0, image_size).astype(int).tolist()
    right, bottom = np.clip(np.ceil(center + reach), 0, image_size).astype(int).tolist()
    offset = 6 - to_digit @ (center - (left, top))
    ink = Image.fromarray(padded).transform((right - left, bottom - top), Image.Transform.AFFINE,
                                            (*to_digit[0], offset[0], *to_digit[1], offset[1]),
                                            Image.Resampling.BICUBIC)
    return (slice(top, bottom), slice(left, right)), np.clip(np.asarray(ink), 0, 1)


def paint(image: NDArray[np.float32], labels: NDArray[np.uint8], ink: NDArray[np.float32], label: int,
          color: NDArray[np.float32], opacity: float) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Paint a digit over an image, or over the part of it that the digit may touch.

    Args:
        image: The image so far, of shape (3, H, W), dtype float32 and range [0, 255].
        labels: Its label map, of shape (H, W) and dtype uint8.
        ink: Ink of the digit, of shape (H, W) and range [0, 1].
        label: Label of the digit; it replaces whatever the digit covers.
        color: The digit's RGB colour, of shape (3,), dtype float32 and range [0, 255].
        opacity: Share of the colour where the ink is full, in [0, 1].

    Returns:
        The new image and the new label map.
    """
    alpha = opacity * np.clip((ink - INK_THRESHOLD) / INK_FADE + 0.5, 0, 1)
    return image + alpha * (color[:, None, None] - image), np.where(ink > INK_THRESHOLD, np.uint8(label), labels)
