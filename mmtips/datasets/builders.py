# Copyright (c) mmtips authors. All rights reserved.
"""Data sets for configs: registered functions that build the hosts' own data set classes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmtips.datasets import polyps
from mmtips.datasets.digits import sources as digits
from mmtips.datasets.memory import keep_loaded
from mmtips.hosts import require_host

Builder = Callable[..., BaseDataset]

DOCSTRING = """{summary}

    Args:
        data_root: The folder that ``{command}`` made.
        split: One of {splits}.
        pipeline: Transforms of the host.
        metainfo: Entries beside, or in place of, those of the data set.
        **options: Further options of ``{kind}``.

    Returns:
        The ``{kind}``.

    Raises:
        ValueError: If the split is unknown.
        ImportError: If the host is not installed.
        FileNotFoundError: If the data set has not been made.
    """


def _builder(name: str, summary: str, host: str, kind: str, converter: str, root: str, splits: Sequence[str],
             settings: Callable[[str], dict[str, Any]], kept: str = '') -> Builder:
    """Register the function that builds a data set.

    Args:
        name: Its name in configs.
        summary: What the data set is.
        host: The host whose class reads it.
        kind: That class.
        converter: The program in ``tools/dataset_converters`` that makes it, with arguments.
        root: Where that puts it by default.
        splits: Names of its splits.
        settings: For a split the options of the class; ``folder`` is where its images are.
        kept: The split whose images are kept in memory once they are loaded, if any: they are small, and seen often.

    Returns:
        The function.
    """
    command = f'python tools/dataset_converters/{converter}'

    def build(data_root: str = root, split: str = splits[0], pipeline: Sequence[Any] = (),
              metainfo: Mapping[str, Any] | None = None, **options: Any) -> BaseDataset:
        if split not in splits:
            raise ValueError(f'split: expected one of {tuple(splits)}, got {split!r}')
        require_host(host, kind)
        own = settings(split)
        folder = Path(data_root, own.pop('folder'))
        if not folder.is_dir():
            raise FileNotFoundError(f'data_root: no folder {folder}. Make the data set with: {command}')
        meta = dict(metainfo=own.pop('metainfo') | dict(metainfo or {}))
        transforms = keep_loaded(pipeline) if split == kept else list(pipeline)
        # In the host's own scope it finds the transforms of its pipeline too.
        return DATASETS.build(dict(data_root=data_root, pipeline=transforms, type=f'{host}.{kind}', _scope_=host)
                              | own | meta | options)

    build.__name__ = build.__qualname__ = name
    build.__doc__ = DOCSTRING.format(summary=summary, command=command, kind=f'{host}.{kind}',
                                     splits=', '.join(map(repr, splits)))
    DATASETS.register_module(name=name, module=build)
    return build


def _segmentation(folder: str, suffix: str, classes: Sequence[str],
                  palette: Sequence[Sequence[int]]) -> Callable[[str], dict[str, Any]]:
    """Options of ``mmseg.BaseSegDataset`` for ``img_dir/<split>`` and ``ann_dir/<split>``."""
    return lambda split: dict(
        folder=f'{folder}img_dir/{split}',
        data_prefix=dict(img_path=f'{folder}img_dir/{split}', seg_map_path=f'{folder}ann_dir/{split}'),
        img_suffix=suffix,
        seg_map_suffix='.png',
        reduce_zero_label=False,
        metainfo=dict(classes=classes, palette=[list(color) for color in palette]))


def _classification(folder: str, **metainfo: Any) -> Callable[[str], dict[str, Any]]:
    """Options of ``mmpretrain.CustomDataset`` for ``<split>/<class>``."""
    return lambda split: dict(folder=f'{folder}{split}', data_prefix=f'{folder}{split}', metainfo=metainfo)


ScatteredDigits = _builder(
    'ScatteredDigits', 'Build the segmentation set: 128 x 128 RGB images, 0 for the background and 1 + d for digit d.',
    'mmseg', 'BaseSegDataset', 'scattered_digits.py', 'data/scattered_digits', digits.SPLITS,
    _segmentation('seg/', '.png', digits.CLASSES, digits.PALETTE), kept='train')
ScatteredDigitsClassification = _builder(
    'ScatteredDigitsClassification', 'Build the classification set: 64 x 64 RGB images of one digit each, ten classes.',
    'mmpretrain', 'CustomDataset', 'scattered_digits.py', 'data/scattered_digits', digits.SPLITS,
    _classification('cls/', classes=digits.DIGIT_CLASSES), kept='train')
KvasirSEG = _builder(
    'KvasirSEG', 'Build Kvasir-SEG: images of colonoscopy, 0 for the background and 1 for polyps.',
    'mmseg', 'BaseSegDataset', 'published.py kvasir_seg ARCHIVE', 'data/kvasir_seg', polyps.SPLITS,
    _segmentation('', polyps.KVASIR_SEG.suffix, polyps.CLASSES, polyps.PALETTE))
CVCClinicDB = _builder(
    'CVCClinicDB', 'Build CVC-ClinicDB: frames of colonoscopy, 0 for the background and 1 for polyps.',
    'mmseg', 'BaseSegDataset', 'published.py cvc_clinicdb ARCHIVE', 'data/cvc_clinicdb', polyps.SPLITS,
    _segmentation('', polyps.CVC_CLINICDB.suffix, polyps.CLASSES, polyps.PALETTE))
TinyImageNet = _builder(
    'TinyImageNet', 'Build Tiny ImageNet: 64 x 64 RGB images of 200 classes.',
    'mmpretrain', 'CustomDataset', 'published.py tiny_imagenet ARCHIVE', 'data/tiny_imagenet', ('train', 'val'),
    _classification(''))
