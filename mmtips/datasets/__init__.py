# Copyright (c) mmtips authors. All rights reserved.
"""Data sets: the built-in scattered digits, made on the spot from what scikit-learn ships."""

from mmtips.datasets.builders import ScatteredDigits, ScatteredDigitsClassification
from mmtips.datasets.digit_files import DEFAULT_SIZES, image_generator, summarize, write_scattered_digits
from mmtips.datasets.digit_painting import Placement, paint, render_ink
from mmtips.datasets.digit_sheet import contact_sheet
from mmtips.datasets.digit_sources import CLASSES, DIGIT_CLASSES, PALETTE, SPLITS, Sources, digit_indices, load_sources
from mmtips.datasets.scattered_digits import classification_image, compose, segmentation_image

__all__ = [
    'CLASSES', 'DEFAULT_SIZES', 'DIGIT_CLASSES', 'PALETTE', 'SPLITS', 'Placement', 'ScatteredDigits',
    'ScatteredDigitsClassification', 'Sources', 'classification_image', 'compose', 'contact_sheet', 'digit_indices',
    'image_generator', 'load_sources', 'paint', 'render_ink', 'segmentation_image', 'summarize',
    'write_scattered_digits'
]
