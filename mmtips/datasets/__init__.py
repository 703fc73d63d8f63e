# Copyright (c) mmtips authors. All rights reserved.
"""Data sets: the built-in scattered digits, and what makes folders of published archives that the hosts cannot read."""

from mmtips.datasets.archives import open_archive
from mmtips.datasets.builders import (
    CVCClinicDB,
    KvasirSEG,
    ScatteredDigits,
    ScatteredDigitsClassification,
    TinyImageNet,
)
from mmtips.datasets.polyps import CVC_CLINICDB, KVASIR_SEG, convert_polyps
from mmtips.datasets.tiny_imagenet import convert_tiny_imagenet

__all__ = [
    'CVC_CLINICDB', 'KVASIR_SEG', 'CVCClinicDB', 'KvasirSEG', 'ScatteredDigits', 'ScatteredDigitsClassification',
    'TinyImageNet', 'convert_polyps', 'convert_tiny_imagenet', 'open_archive'
]
