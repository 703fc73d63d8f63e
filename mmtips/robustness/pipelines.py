# Copyright (c) mmtips authors. All rights reserved.
"""Configs whose test images are corrupted."""

import copy
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from mmtips.robustness.corruptions import check_corruption


def corrupt_pipeline(config: Config, corruption: str, severity: int, seed: int = 0, after: str = '') -> Config:
    """Corrupt the images of a config's test data set.

    The transform goes behind the last one that loads an image. Data sets that hold their images in memory load none:
    there it goes first, and takes the images for RGB unless the data preprocessor turns them from BGR.

    ImageNet-C corrupts what was resized and cropped: that order is ``after='CenterCrop'``. A corruption of large files
    is weaker, since resizing averages it out.

    Args:
        config: A config of either host. Data sets inside wrappers, and all parts of a concatenated one, are corrupted.
        corruption: One of :data:`mmtips.robustness.CORRUPTIONS`.
        severity: 1 to 5.
        seed: Seed of what is drawn.
        after: The type of the transform that it goes behind; loading if not given.

    Returns:
        A changed copy.

    Raises:
        ValueError: If the corruption or severity is unknown, or the config has no test data set with a pipeline, or
            that no transform ``after``.
    """
    check_corruption(corruption, severity)
    corrupted = copy.deepcopy(config)
    dataset = (corrupted.get('test_dataloader') or {}).get('dataset')
    owners = list(_owners_of_pipelines(dataset))
    if not owners:
        raise ValueError('config: no pipeline found in test_dataloader.dataset to put the corruption into: expected a '
                         f"data set config with 'pipeline', itself or inside 'dataset' or 'datasets', got "
                         f'{type(dataset).__name__}')
    for owner in owners:
        loading = [place for place, transform in enumerate(owner['pipeline']) if _loads_an_image(transform)]
        order = 'bgr' if loading or _turns_bgr(corrupted) else 'rgb'
        transform = dict(type='TIPSCorrupt', corruption=corruption, severity=severity, seed=seed, channel_order=order)
        owner['pipeline'] = list(owner['pipeline'])
        owner['pipeline'].insert(_place(owner['pipeline'], after) if after else loading[-1] + 1 if loading else 0,
                                 transform)
    return corrupted


def _owners_of_pipelines(dataset: Any) -> Iterator[dict]:
    """The data set configs that have a pipeline, looked for inside wrappers."""
    if not isinstance(dataset, dict):
        return
    if dataset.get('pipeline'):
        yield dataset
        return
    for part in [dataset.get('dataset'), *(dataset.get('datasets') or [])]:
        yield from _owners_of_pipelines(part)


def _place(pipeline: list[Any], after: str) -> int:
    """The index behind the last transform of a type."""
    names = [_type_name(transform) for transform in pipeline]
    if after not in names:
        raise ValueError(f'corrupt_after: expected one of {names}, the transforms of the test pipeline, got {after!r}')
    return len(names) - names[::-1].index(after)


def _loads_an_image(transform: Any) -> bool:
    name = _type_name(transform)
    return name.startswith('Load') and 'Image' in name


def _type_name(transform: Any) -> str:
    kind = transform.get('type') if isinstance(transform, dict) else type(transform)
    return getattr(kind, '__name__', str(kind)).rpartition('.')[2]


def _turns_bgr(config: Config) -> bool:
    own = config.get('model', {}).get('data_preprocessor') or {}
    settings = dict(config.get('data_preprocessor') or {}) | dict(own)
    return bool(settings.get('to_rgb') or settings.get('bgr_to_rgb'))
