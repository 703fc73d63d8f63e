# Copyright (c) mmtips authors. All rights reserved.
"""Put a downsampling operator at the stride sites of a built backbone, without renaming a parameter."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.logging import print_log
from torch import Tensor, nn

from mmtips.downsampling import Downsampler, SpaceToDepthConv2d
from mmtips.inspection.dataflow import Dataflow
from mmtips.inspection.recording import record
from mmtips.inspection.strided import POOLS, pads_itself, strided_modules
from mmtips.surgery.carriers import run_after, run_before
from mmtips.surgery.plan import Choice, build_operators, describe_plan, placement_of, plan_sites
from mmtips.surgery.pools import in_place_of
from mmtips.surgery.same_padding import GridPaddedConv2d, require_replaceable
from mmtips.surgery.sites import Site, sites_in, strides_of_forwards

#: What networks call the methods that merge their branches for inference: mmpretrain's, and those that timm calls.
MERGES = ('switch_to_deploy', 'reparameterize', 'fuse')
#: Sites with what goes there, see :func:`mmtips.surgery.plan.build_operators`.
Built = Sequence[tuple[Site, nn.Module | None]]


def convert_downsampling(backbone: nn.Module, downsampler: Choice,
                         sites: Mapping[str, Choice] | None = None, image: Tensor | None = None) -> list[Site]:
    """Exchange the downsampling of a backbone, in place.

    Two moves: a strided convolution gets stride 1, and the operator runs where its ``placement`` says:

    * ``'after'``, as published: past norm and activation, before the module that reads the result (in a residual block:
      convolution, norm, ReLU, operator, convolution), or, where branches meet, after the last module (see
      :func:`mmtips.surgery.placement.place_past`). The convolution is run on every pixel.
    * ``'before'``: right before the convolution, which then has few pixels to run on, as it had with its stride.
    * ``'block'``: where branches of a block meet whose strides are exchanged, one operator for all of them, before the
      block; its pools go. Elsewhere as ``'before'``.

    A pool is replaced. No parameter changes its name, so that the host's checkpoints load as before; the operators' own
    parameters appear under ``<carrier>.downsampler``.

    Args:
        backbone: A built host backbone; ``backbone.init_weights()`` may run before or after.
        downsampler: Config of the operator, such as ``dict(type='TIPS')`` or ``dict(type='TIPS', placement='before')``;
            with None only what ``sites`` names is exchanged.
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
    flow = record(backbone, image) if strided_modules(backbone) else Dataflow()
    try:
        # A choice goes by role and path, and these do not depend on what was chosen.
        plan = plan_sites(sites_in(flow, backbone, {}), downsampler, sites)
    except ValueError as error:
        raise ValueError(f'{type(backbone).__name__}: {error}') from error
    found = sites_in(flow, backbone, {path: placement_of(choice) for path, choice in plan.items()})
    # All that goes in is built before the first change, so that a bad option leaves the backbone as it was.
    built = build_operators(backbone, found, plan)
    _exchange(backbone, built)
    _require_sizes(backbone, flow, record(backbone, image))
    by_forwards = strides_of_forwards(flow)
    print_log(f'downsampling of {type(backbone).__name__}: {describe_plan(plan)}'
              f"{'; no module, and so left: ' if by_forwards else ''}{', '.join(by_forwards)}", logger='current')
    return [site for site, _ in built]


def _exchange(backbone: nn.Module, built: Built) -> None:
    """Strides go before operators come: a module that is replaced may be what another operator runs at."""
    for site, _ in built:  # before the first change
        if _grid_padded(backbone.get_submodule(site.strided), site):
            require_replaceable(site.strided, backbone.get_submodule(site.strided))
    for site, part in built:
        strided = backbone.get_submodule(site.strided)
        paths = [path for path, module in backbone.named_modules(remove_duplicate=False) if module is strided]
        replaced = _without_stride(strided, site, part)
        for path in paths:
            backbone.set_submodule(path, replaced)
    for site, part in built:
        if site.where != 'instead' and isinstance(part, Downsampler):
            run = run_before if site.where == 'before' else run_after
            run(backbone.get_submodule(site.carrier), part)
    _freeze_again(backbone, built)
    _keep_branches(backbone, built)


def _require_sizes(backbone: nn.Module, before: Dataflow, after: Dataflow) -> None:
    """A last look: whatever a forward does between its modules, its maps have the sizes that they had."""
    sizes = [[flow.shapes[number] for number in flow.outputs] for flow in (before, after)]
    if sizes[0] != sizes[1]:
        raise ValueError(f'{type(backbone).__name__}: with its operators it gives maps of {sizes[1]} where it gave '
                         f'{sizes[0]}: leave the site that its forward treats apart with sites={{path: None}}')


def _require_fresh(backbone: nn.Module) -> None:
    name = type(backbone).__name__
    if any(isinstance(module, (Downsampler, SpaceToDepthConv2d)) for module in backbone.modules()):
        raise ValueError(f'{name} has been converted before: build it again to exchange its operators')
    if any(hasattr(module, 'circular_border') for module in backbone.modules()):
        raise ValueError(f'{name} has been padded circularly: convert its downsampling before its padding')


def _without_stride(strided: Any, site: Site, part: nn.Module | None) -> nn.Module:
    """What takes the place of a strided module."""
    if part is not None and not isinstance(part, Downsampler):
        return part
    if isinstance(strided, POOLS):
        return nn.Identity() if part is None or site.where != 'instead' else in_place_of(strided, part)
    if _grid_padded(strided, site):
        return GridPaddedConv2d(strided)
    strided.stride = (1, 1)
    return strided


def _grid_padded(strided: nn.Module, site: Site) -> bool:
    return pads_itself(strided) and site.placement == 'after'


def _keep_branches(backbone: nn.Module, built: Built) -> None:
    """Nothing that holds converted branches shall merge them into one convolution (RepVGG), nor begin to."""
    for site, _ in built:
        path = site.strided
        while path:
            path = path.rpartition('.')[0]
            module = backbone.get_submodule(path)
            for name in MERGES:
                if callable(getattr(type(module), name, None)):
                    setattr(module, name, _stay)


def _stay(*_: Any, **__: Any) -> None:
    raise RuntimeError(f'{", ".join(MERGES)}: merging branches into one strided convolution would lose the operators '
                       'that this network has in their place: use it as it is')


def _freeze_again(backbone: nn.Module, built: Built) -> None:
    """Hosts freeze their first stages in the constructor, before the operators were there.

    An operator belongs to the stage of the convolution whose stride it took over, or that a pool follows. The
    statistics of a frozen DDAC's own norm follow the data in training nevertheless where the host's ``train`` does not
    put the operator into eval (at a pool).
    """
    freeze = getattr(backbone, '_freeze_stages', None)
    if freeze is not None:
        freeze()
    operators = {site.strided: operator for site, operator in built if operator is not None}
    frozen = False
    for path, module in backbone.named_modules():
        if isinstance(module, nn.Conv2d):
            frozen = not module.weight.requires_grad
        if path in operators and frozen:
            operators[path].requires_grad_(False)
