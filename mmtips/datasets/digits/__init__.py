# Copyright (c) mmtips authors. All rights reserved.
"""The built-in data set, scattered digits: made on the spot from what scikit-learn ships."""

from mmtips.datasets.digits.composition import classification_image, compose, segmentation_image
from mmtips.datasets.digits.files import DEFAULT_SIZES, image_generator, summarize, write_scattered_digits
from mmtips.datasets.digits.painting import Placement, paint, render_ink
from mmtips.datasets.digits.sheet import contact_sheet
from mmtips.datasets.digits.sources import CLASSES, DIGIT_CLASSES, PALETTE, SPLITS, Sources, digit_indices, load_sources

__all__ = [
    'CLASSES', 'DEFAULT_SIZES', 'DIGIT_CLASSES', 'PALETTE', 'SPLITS', 'Placement', 'Sources', 'classification_image',
    'compose', 'contact_sheet', 'digit_indices', 'image_generator', 'load_sources', 'paint', 'render_ink',
    'segmentation_image', 'summarize', 'write_scattered_digits'
]
