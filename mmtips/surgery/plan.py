# Copyright (c) mmtips authors. All rights reserved.
"""Which operator goes to which stride site."""

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

from torch import nn

from mmtips.downsampling import Downsampler, build_downsampler, operator_class
from mmtips.surgery.sites import ROLES, Site, find_sites, site_roles

#: Config of an operator, or None: the host's own downsampling stays.
Choice = Mapping[str, Any] | None
#: A strided stem convolution stays strided, as in BlurPool's networks: at stride 1 it is run at the resolution of the
#: image, and that costs more than all other sites together (``results/benchmark/sites.json``).
DEFAULT_SITES: Mapping[str, Choice] = {'stem_conv': None}


def plan_sites(backbone: nn.Module, downsampler: Mapping[str, Any],
               sites: Mapping[str, Choice] | None = None) -> dict[str, Choice]:
    """Choose an operator for every stride site of a backbone.

    Args:
        backbone: A built host backbone.
        downsampler: Config of the operator wherever ``sites`` says nothing else.
        sites: Other choices, for a role (one of :data:`ROLES`) or for the paths of strided modules that match a pattern
            (as for file names). Where several apply the last one counts; they come after :data:`DEFAULT_SITES`.

    Returns:
        For the path of each strided module the config of its operator, or None.

    Raises:
        ValueError: If there is no site, or a pattern matches none, or no operator is left.
        TypeError: If a config is malformed.
        KeyError: If an operator is not registered.
    """
    roles, sites = site_roles(backbone), {} if sites is None else sites
    _check(backbone, roles, downsampler, sites)
    plan: dict[str, Choice] = {}
    for path, role in roles.items():
        plan[path] = downsampler
        for pattern, choice in (*DEFAULT_SITES.items(), *sites.items()):
            if pattern == role or fnmatch(path, pattern):
                plan[path] = choice
    if not any(plan.values()):
        raise ValueError(f'sites={dict(sites)!r} leaves none of the stride sites of {type(backbone).__name__} to '
                         f'{downsampler}: {roles}')
    return plan


def _check(backbone: nn.Module, roles: Mapping[str, str], downsampler: Mapping[str, Any],
           sites: Mapping[str, Choice]) -> None:
    name = type(backbone).__name__
    if any(isinstance(module, Downsampler) for module in backbone.modules()):
        raise ValueError(f'{name} has been converted before: build it again to exchange its operators')
    if not roles:
        raise ValueError(f'{name} has no strided convolution and no strided pool, so that there is nothing to exchange')
    if not isinstance(sites, Mapping):
        raise TypeError(f'sites: expected a dict such as dict(stem_conv=None), got {sites!r}')
    for choice in (downsampler, *(choice for choice in sites.values() if choice is not None)):
        operator_class(choice)
    for pattern in sites:
        if pattern not in ROLES and not any(fnmatch(path, pattern) for path in roles):
            raise ValueError(f'sites: {pattern!r} is no role (one of {ROLES}) and matches none of the stride sites of '
                             f'{name}: {roles}')


def build_operators(backbone: nn.Module, plan: Mapping[str, Choice]) -> list[tuple[Site, Downsampler]]:
    """Build the planned operators; those on the skip of a residual block follow the one of its main branch.

    Args:
        backbone: The backbone.
        plan: See :func:`plan_sites`.

    Returns:
        The sites to convert and their operators, in the order of the modules.

    Raises:
        ValueError: If an operator refuses an option, a site, or the operator that it would follow.
    """
    leaders: dict[str, Downsampler] = {}
    built = []
    for site in find_sites(backbone, [path for path, choice in plan.items() if choice is not None]):
        choice = dict(plan[site.strided] or {})
        operator = build_downsampler(choice, site.channels, site.stride)
        if site.role == 'main':
            leaders[site.block] = operator
        elif site.role == 'skip':
            operator.follow(leaders.get(site.block))
        built.append((site, operator))
    return built


def describe_plan(plan: Mapping[str, Choice]) -> str:
    """One line: which operator is where, and which sites are left as they are."""
    groups: dict[str, list[str]] = {}
    for path, choice in plan.items():
        groups.setdefault('left as it is' if choice is None else str(choice['type']), []).append(path)
    return '; '.join(f"{name}: {', '.join(paths)}" for name, paths in groups.items())
