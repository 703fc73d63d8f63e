# Copyright (c) mmtips authors. All rights reserved.
"""The built-in data set for configs: registered functions that build the hosts' own data set classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmtips.datasets.digit_sources import CLASSES, DIGIT_CLASSES, PALETTE, check_split
from mmtips.hosts import require_host

DATA_ROOT = 'data/scattered_digits'
CONVERTER = 'python tools/dataset_converters/scattered_digits.py'


def _build(host: str, kind: str, folder: Path, settings: Mapping[str, Any]) -> BaseDataset:
    """Build a host's data set class in the host's own scope, where it also finds the transforms of its pipeline."""
    require_host(host, kind)
    if not folder.is_dir():
        raise FileNotFoundError(f'data_root: no folder {folder}. Make the data set with: {CONVERTER}')
    return DATASETS.build(dict(settings, type=f'{host}.{kind}', _scope_=host))


@DATASETS.register_module()
def ScatteredDigits(data_root: str = DATA_ROOT,
                    split: str = 'train',
                    pipeline: Sequence[Any] = (),
                    metainfo: Mapping[str, Any] | None = None,
                    **kwargs: Any) -> BaseDataset:
    """Build the segmentation set: 128 x 128 RGB images, 0 for the background and 1 + d for digit d.

    Args:
        data_root: The folder that the converter made.
        split: 'train', 'val' or 'test'.
        pipeline: Transforms of MMSegmentation.
        metainfo: Entries beside, or in place of, ``classes`` and ``palette``.
        **kwargs: Further options of ``mmseg.BaseSegDataset``.

    Returns:
        The ``mmseg.BaseSegDataset``.

    Raises:
        ValueError: If the split is unknown.
        ImportError: If MMSegmentation is not installed.
        FileNotFoundError: If the data set has not been made.
    """
    check_split(split)
    settings = dict(
        data_root=data_root,
        data_prefix=dict(img_path=f'seg/img_dir/{split}', seg_map_path=f'seg/ann_dir/{split}'),
        img_suffix='.png',
        seg_map_suffix='.png',
        reduce_zero_label=False,
        pipeline=list(pipeline),
        metainfo=dict(dict(classes=CLASSES, palette=[list(color) for color in PALETTE]), **(metainfo or {})))
    folder = Path(data_root, 'seg/img_dir', split)
    return _build('mmseg', 'BaseSegDataset', folder, settings | kwargs)


@DATASETS.register_module()
def ScatteredDigitsClassification(data_root: str = DATA_ROOT,
                                  split: str = 'train',
                                  pipeline: Sequence[Any] = (),
                                  metainfo: Mapping[str, Any] | None = None,
                                  **kwargs: Any) -> BaseDataset:
    """Build the classification set: 64 x 64 RGB images of one digit each, ten classes.

    Args:
        data_root: The folder that the converter made.
        split: 'train', 'val' or 'test'.
        pipeline: Transforms of MMPretrain.
        metainfo: Entries beside, or in place of, ``classes``.
        **kwargs: Further options of ``mmpretrain.CustomDataset``.

    Returns:
        The ``mmpretrain.CustomDataset``.

    Raises:
        ValueError: If the split is unknown.
        ImportError: If MMPretrain is not installed.
        FileNotFoundError: If the data set has not been made.
    """
    check_split(split)
    settings = dict(
        data_root=data_root,
        data_prefix=f'cls/{split}',
        pipeline=list(pipeline),
        metainfo=dict(dict(classes=DIGIT_CLASSES), **(metainfo or {})))
    folder = Path(data_root, 'cls', split)
    return _build('mmpretrain', 'CustomDataset', folder, settings | kwargs)
