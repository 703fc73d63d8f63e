# Copyright (c) mmtips authors. All rights reserved.
"""Which operator goes to which stride site."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from itertools import chain
from typing import Any

import torch
from torch import nn

from mmtips.downsampling import Downsampler, build_downsampler, operator_class
from mmtips.surgery.branches import ROLES
from mmtips.surgery.sites import Site

#: Config of an operator, or None: the host's own downsampling stays.
Choice = Mapping[str, Any] | None
#: A strided stem convolution stays strided, as in BlurPool's networks: at stride 1 it is run at the resolution of the
#: image, which costs more in training, in time and kept memory, than all other sites together: measured for ResNet-50
#: in ``results/benchmark/sites.json``.
#: A mean over windows of more than two strides gathers context, and passes no detail that could alias.
DEFAULT_SITES: Mapping[str, Choice] = {'stem_conv': None, 'context_pool': None}


def plan_sites(found: Sequence[Site], downsampler: Choice,
               sites: Mapping[str, Choice] | None = None) -> dict[str, Choice]:
    """Choose an operator for every stride site of a network.

    Args:
        found: Its sites, as :func:`mmtips.surgery.find_sites` lists them.
        downsampler: Config of the operator, or None, wherever ``sites`` says nothing else.
        sites: Other choices, for a role (one of :data:`ROLES`) or for the paths of strided modules that match a pattern
            (as for file names). Where several apply the last one counts; they come after :data:`DEFAULT_SITES`.

    Returns:
        For the path of each strided module the config of its operator, or None.

    Raises:
        ValueError: If there is no site, or a pattern matches none, or no operator is left.
        TypeError: If a config is malformed.
        KeyError: If an operator is not registered.
    """
    roles, sites = {site.strided: site.role for site in found}, {} if sites is None else sites
    _check(roles, downsampler, sites)
    plan: dict[str, Choice] = {}
    for path, role in roles.items():
        plan[path] = downsampler
        for pattern, choice in (*DEFAULT_SITES.items(), *sites.items()):
            if pattern == role or fnmatch(path, pattern):
                plan[path] = choice
    if not any(plan.values()):
        raise ValueError(f'sites={dict(sites)!r} leaves none of the stride sites to {downsampler}: {roles}')
    return plan


def _check(roles: Mapping[str, str], downsampler: Choice, sites: Mapping[str, Choice]) -> None:
    if not roles:
        raise ValueError('there is no strided convolution and no strided pool, so that there is nothing to exchange')
    if not isinstance(sites, Mapping):
        raise TypeError(f'sites: expected a dict such as dict(stem_conv=None), got {sites!r}')
    if downsampler is not None:
        operator_class(downsampler)
    for pattern, choice in sites.items():
        if choice is not None:
            operator_class(choice, f'sites[{pattern!r}]')
        if pattern not in ROLES and not any(fnmatch(path, pattern) for path in roles):
            raise ValueError(f'sites: {pattern!r} is no role (one of {ROLES}) and matches none of the stride sites: '
                             f'{roles}')


def build_operators(network: nn.Module, found: Sequence[Site],
                    plan: Mapping[str, Choice]) -> list[tuple[Site, nn.Module]]:
    """Build all that the plan puts into a network, on its device, in its dtype and mode, and change nothing yet.

    Args:
        network: The network.
        found: Its sites.
        plan: See :func:`plan_sites`.

    Returns:
        The sites to convert, each with its operator, or with what takes the place of its convolution. Operators whose
        maps meet follow the one that runs first.

    Raises:
        ValueError: If an operator refuses an option, a site, or the operator that it would follow.
        TypeError: If an operator does not know an option.
    """
    leaders: dict[str, Downsampler | None] = {}
    built = []
    for site in found:
        choice, part = plan[site.strided], None
        if choice is not None:
            try:
                part = _build(network, site, choice, leaders)
            except (TypeError, ValueError) as error:
                raise type(error)(f'{site.strided}: {error}') from error
            built.append((site, part))
        if site.strided == site.block:
            leaders[site.block] = part if isinstance(part, Downsampler) else None
    return built


def _build(network: nn.Module, site: Site, choice: Mapping[str, Any],
           leaders: Mapping[str, Downsampler | None]) -> nn.Module:
    if site.refusal:
        raise ValueError(f'{site.refusal}: leave it as it is with sites={{{site.strided!r}: None}}')
    strided = network.get_submodule(site.strided)
    operator = build_downsampler(choice, site.channels, site.stride)
    absorbed = operator.from_conv(strided) if isinstance(strided, nn.Conv2d) else None
    if absorbed is not None:
        return absorbed
    if site.block in leaders:
        operator.follow(leaders[site.block])
    like = next(chain(strided.parameters(), network.parameters()), torch.empty(0))
    return operator.to(like.device, like.dtype).train(strided.training)


def _name(choice: Mapping[str, Any]) -> str:
    options = ', '.join(f'{key}={value!r}' for key, value in choice.items() if key != 'type')
    return f"{choice['type']}({options})" if options else str(choice['type'])


def describe_plan(plan: Mapping[str, Choice]) -> str:
    """One line: which operator is where, and which sites are left as they are."""
    groups: dict[str, list[str]] = {}
    for path, choice in plan.items():
        groups.setdefault('left as it is' if choice is None else _name(choice), []).append(path)
    return '; '.join(f"{name}: {', '.join(paths)}" for name, paths in groups.items())
