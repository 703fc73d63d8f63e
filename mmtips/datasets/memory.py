# Copyright (c) mmtips authors. All rights reserved.
"""Small images that are read once, and not once for each epoch."""

import copy
import pickle
from collections.abc import Sequence
from typing import Any

from mmengine.dataset import Compose
from mmengine.registry import TRANSFORMS


@TRANSFORMS.register_module()
class TIPSKeepLoaded:
    """Transforms that load, and draw nothing at random; what they give is kept in the memory of the process.

    What comes out is a copy each time, so that later transforms can change it.

    Args:
        transforms: Configs of the transforms that load.
        megabytes: How much is kept, 10^6 bytes of arrays; what comes later is loaded each time.

    Raises:
        ValueError: If ``megabytes`` is negative.
    """

    def __init__(self, transforms: Sequence[Any], megabytes: float = 256) -> None:
        if megabytes < 0:
            raise ValueError(f'megabytes: expected a number >= 0, got {megabytes!r}')
        self.transforms, self.left = Compose(list(transforms)), 1e6 * megabytes
        self._kept: dict[bytes, dict[str, Any]] = {}

    def __call__(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """What the transforms make of a data set's entry; None where they drop it."""
        key = pickle.dumps(results)
        if key in self._kept:
            return copy.deepcopy(self._kept[key])
        loaded = self.transforms(results)
        if loaded is not None:
            size = sum(getattr(value, 'nbytes', 0) for value in loaded.values())
            if size <= self.left:
                self.left -= size
                self._kept[key] = copy.deepcopy(loaded)
        return loaded

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.transforms}, {self.left / 1e6:.0f} megabytes left)'


def keep_loaded(pipeline: Sequence[Any]) -> list[Any]:
    """Let a pipeline keep what the transforms load that it begins with.

    Args:
        pipeline: Configs of transforms.

    Returns:
        The pipeline; as it is if it begins with none whose name begins with ``Load``.
    """
    names = [transform.get('type') if isinstance(transform, dict) else '' for transform in pipeline]
    count = next((place for place, name in enumerate(names) if not str(name).startswith('Load')), len(names))
    if count == 0:
        return list(pipeline)
    return [dict(type='TIPSKeepLoaded', transforms=list(pipeline[:count])), *pipeline[count:]]
