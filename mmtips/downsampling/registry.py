# Copyright (c) mmtips authors. All rights reserved.
"""The registry of downsampling operators, and the one way to build one from a config."""

import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.registry import Registry

from mmtips.downsampling.base import Downsampler

# A registry of its own, looked up directly: no host's default scope can hide these short names, and they do not
# crowd the root registry that all OpenMMLab plugins share.
DOWNSAMPLERS = Registry('downsampler', scope='mmtips')


def operator_class(cfg: Mapping[str, Any], name: str = 'downsampler') -> type[Downsampler]:
    """Look up the operator that a config names.

    Args:
        cfg: A dict with ``type``: a registered name, or a subclass of :class:`Downsampler`.
        name: What to call it in errors.

    Returns:
        The class.

    Raises:
        TypeError: If ``cfg`` is no dict with ``type``, or names no operator class.
        KeyError: If the name is not registered.
    """
    if not isinstance(cfg, Mapping) or 'type' not in cfg:
        raise TypeError(f"{name}: expected a dict with 'type', such as dict(type='TIPS'), got {cfg!r}")
    kind = DOWNSAMPLERS.get(cfg['type']) if isinstance(cfg['type'], str) else cfg['type']
    if kind is None:
        raise KeyError(f"{name} type {cfg['type']!r} is not registered: expected one of "
                       f'{sorted(DOWNSAMPLERS.module_dict)}, or register your own in mmtips.downsampling.DOWNSAMPLERS')
    if not (isinstance(kind, type) and issubclass(kind, Downsampler)):
        raise TypeError(f'{name} type: expected a subclass of Downsampler, got {kind!r}')
    return kind


def build_downsampler(cfg: Mapping[str, Any], channels: int, stride: int = 2) -> Downsampler:
    """Build an operator.

    Args:
        cfg: A dict with ``type`` and the operator's own options.
        channels: Channels of the map that it reduces.
        stride: The factor by which it reduces it.

    Returns:
        The operator.

    Raises:
        TypeError: If ``cfg`` is malformed or has an option that the operator does not know.
        KeyError: If the type is not registered.
        ValueError: If the operator refuses a value.
    """
    kind = operator_class(cfg)
    options = {key: value for key, value in cfg.items() if key != 'type'}
    parameters = list(inspect.signature(kind).parameters.values())[2:]
    known = [parameter.name for parameter in parameters]
    unknown = sorted(set(options) - set(known))
    if unknown and not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        raise TypeError(f'{kind.__name__}: expected options among {known}, got {unknown}')
    return kind(channels, stride, **options)
