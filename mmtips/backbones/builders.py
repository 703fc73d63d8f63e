# Copyright (c) mmtips authors. All rights reserved.
"""What configs name: a host's own backbone, built under the active scope, with its downsampling exchanged."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from mmtips.hosts import INSTALL, require_host
from mmtips.surgery import convert_downsampling

#: Backbones with a name of their own, ``TIPS<name>``, so that one overridden word turns a recipe into its TIPS twin.
NAMED = ('ResNet', 'ResNetV1c', 'ResNetV1d', 'UNet')
#: What they are built with if nothing else is said: TIPS as published.
PUBLISHED: Mapping[str, Any] = MappingProxyType(dict(type='TIPS'))


@MODELS.register_module(name='TIPSBackbone')
def build_backbone(base: str,
                   downsampler: Mapping[str, Any] | None = PUBLISHED,
                   sites: Mapping[str, Any] | None = None,
                   input_size: Sequence[int] | None = None,
                   **options: Any) -> nn.Module:
    """Build a host's backbone and exchange its downsampling.

    The result is the host's own class with the host's own parameter names, so that ``pretrained``, ``init_cfg``,
    ``frozen_stages`` and published checkpoints work as they do there. Operators are frozen with the stage that they
    belong to, at the start that their class gives them: fine-tune from an unconverted checkpoint without frozen stages.

    Args:
        base: The host's backbone, such as ``'HRNet'`` (looked up in the scope of the config) or
            ``'mmpretrain.VGG'``.
        downsampler: Config of the operator; ``dict(type='TIPS')`` if not given. Its ``placement`` says where it runs:
            ``'after'`` the convolution that had the stride, as published, ``'before'`` it, or before its ``'block'``,
            see :func:`mmtips.surgery.convert_downsampling`. With None only what ``sites`` names is exchanged, and
            without ``sites`` nothing: the backbone is as the host builds it.
        sites: Other choices for some sites, by role or path: ``dict(stem_conv=dict(type='APS'), skip=None)``, see
            :func:`mmtips.surgery.plan_sites`.
        input_size: Channels, height and width of the image that shows how maps flow, for backbones that do not take
            one of 224 x 224 pixels.
        **options: Everything else goes to the host's backbone.

    Returns:
        The converted backbone.

    Raises:
        ImportError: If the host that ``base`` names is not installed.
        KeyError: If the active scope has no such backbone, or the operator is not registered.
        ValueError: If the backbone has no stride site, or an operator or a placement does not fit one, see
            :func:`mmtips.surgery.convert_downsampling`.
    """
    _require_host(base)
    with MODELS.switch_scope_and_registry(None) as registry:
        if registry.get(base) is None:
            scope = DefaultScope.get_current_instance()
            active = scope.scope_name if scope is not None else None
            raise KeyError(f"base={base!r} is not registered in the active scope {active!r}: set default_scope to "
                           "'mmseg' or 'mmpretrain', or name the host, as in base='mmpretrain.VGG'")
    backbone = MODELS.build(dict(type=base, **options))
    if downsampler is not None or sites:
        image = None if input_size is None else torch.empty(1, *input_size)
        convert_downsampling(backbone, downsampler, sites, image)
    return backbone


def _require_host(base: str) -> None:
    host, dot, _ = base.partition('.')
    if dot and host in INSTALL:
        require_host(host, f'base={base!r}')


def _named(base: str) -> Callable[..., nn.Module]:
    """The same builder with ``base`` filled in."""

    def build(**options: Any) -> nn.Module:
        return build_backbone(base, **options)

    build.__name__ = f'TIPS{base}'
    build.__doc__ = f'``TIPSBackbone`` with ``base={base!r}``.'
    return build


def stock_config(config: Any) -> Any:
    """A config as it was before the exchange: every converted backbone in it becomes the host's own.

    Args:
        config: Config of a model or backbone, or anything inside one.

    Returns:
        A copy.
    """
    if isinstance(config, Mapping):
        copy = {key: stock_config(value) for key, value in config.items()}
        kind = copy.get('type')
        if kind in ('TIPSBackbone', *(f'TIPS{name}' for name in NAMED)):
            copy['type'] = copy.pop('base', str(kind).removeprefix('TIPS'))
            for option in ('downsampler', 'sites', 'input_size'):
                copy.pop(option, None)
        return copy
    return type(config)(map(stock_config, config)) if isinstance(config, (list, tuple)) else config


for _base in NAMED:
    MODELS.register_module(name=f'TIPS{_base}', module=_named(_base))
