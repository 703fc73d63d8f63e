# Copyright (c) mmtips authors. All rights reserved.
"""Put a downsampling operator at the stride sites of a built backbone, without renaming a parameter."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from mmengine.logging import print_log
from torch import Tensor, nn

from mmtips.downsampling import Downsampler, SpaceToDepthConv2d
from mmtips.inspection.strided import POOLS, pads_itself
from mmtips.surgery.carriers import run_after, run_before
from mmtips.surgery.plan import Choice, build_operators, describe_plan, plan_sites
from mmtips.surgery.pools import in_place_of
from mmtips.surgery.same_padding import GridPaddedConv2d
from mmtips.surgery.sites import Site, find_sites


def convert_downsampling(backbone: nn.Module, downsampler: Mapping[str, Any],
                         sites: Mapping[str, Choice] | None = None, image: Tensor | None = None) -> list[Site]:
    """Exchange the downsampling of a backbone, in place.

    Two moves: a strided convolution gets stride 1, and the operator runs past its norm and activation: before the
    module that reads the result (in a residual block: convolution, norm, ReLU, operator, convolution), or, where
    branches meet, after the last module (see :func:`mmtips.surgery.placement.place_of`). A pool is replaced. No
    parameter changes its name, so that the host's checkpoints load as before; the operators' own parameters appear
    under ``<carrier>.downsampler``.

    Args:
        backbone: A built host backbone; ``backbone.init_weights()`` may run before or after.
        downsampler: Config of the operator, such as ``dict(type='TIPS')``.
        sites: Other choices for some sites, by role or path, see :func:`mmtips.surgery.plan_sites`:
            ``{'stem_conv': dict(type='BlurPool'), 'layer4.*': None}``.
        image: What the backbone is run on, once and without data, to see how its maps flow; if not given, one image of
            224 x 224 pixels.

    Returns:
        The converted sites.

    Raises:
        ValueError: If no site is left to convert, or ``sites`` names none that there is, or an operator refuses, or the
            backbone has been converted before or cannot be run.
        TypeError: If a config is malformed.
        KeyError: If an operator is not registered.
    """
    _require_fresh(backbone)
    found = find_sites(backbone, image)
    try:
        plan = plan_sites(found, downsampler, sites)
    except ValueError as error:
        raise ValueError(f'{type(backbone).__name__}: {error}') from error
    # All that goes in is built before the first change, so that a bad option leaves the backbone as it was. Strides go
    # before operators come: a module that is replaced may be what another operator runs at.
    built = build_operators(backbone, found, plan)
    for site, part in built:
        backbone.set_submodule(site.strided, _without_stride(backbone.get_submodule(site.strided), part))
    for site, part in built:
        if site.where != 'instead' and isinstance(part, Downsampler):
            run = run_before if site.where == 'before' else run_after
            run(backbone.get_submodule(site.carrier), part)
    _freeze_again(backbone, built)
    for module in backbone.modules():
        if hasattr(module, 'switch_to_deploy'):
            cast(Any, module).switch_to_deploy = _stay
    print_log(f'downsampling of {type(backbone).__name__}: {describe_plan(plan)}', logger='current')
    return [site for site, _ in built]


def _require_fresh(backbone: nn.Module) -> None:
    name = type(backbone).__name__
    if any(isinstance(module, (Downsampler, SpaceToDepthConv2d)) for module in backbone.modules()):
        raise ValueError(f'{name} has been converted before: build it again to exchange its operators')
    if any(hasattr(module, 'circular_border') for module in backbone.modules()):
        raise ValueError(f'{name} has been padded circularly: convert its downsampling before its padding')


def _without_stride(strided: Any, part: nn.Module) -> nn.Module:
    """What takes the place of a strided module."""
    if not isinstance(part, Downsampler):
        return part
    if isinstance(strided, POOLS):
        return in_place_of(strided, part)
    if pads_itself(strided):
        return GridPaddedConv2d(strided)
    strided.stride = (1, 1)
    return strided


def _stay(*_: Any) -> None:
    raise RuntimeError('switch_to_deploy() merges branches into one strided convolution, without the operators that '
                       'this network has in their place: use it as it is')


def _freeze_again(backbone: nn.Module, built: Sequence[tuple[Site, nn.Module]]) -> None:
    """Hosts freeze their first stages in the constructor, before the operators were there.

    An operator belongs to the stage of the convolution whose stride it took over, or that a pool follows. The
    statistics of a frozen DDAC's own norm follow the data in training nevertheless where the host's ``train`` does not
    put the operator into eval (at a pool).
    """
    freeze = getattr(backbone, '_freeze_stages', None)
    if freeze is not None:
        freeze()
    operators = {site.strided: operator for site, operator in built}
    frozen = False
    for path, module in backbone.named_modules():
        if isinstance(module, nn.Conv2d):
            frozen = not module.weight.requires_grad
        if path in operators and frozen:
            operators[path].requires_grad_(False)
