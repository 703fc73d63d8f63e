# Copyright (c) mmtips authors. All rights reserved.
"""Which operator goes to which stride site."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from itertools import chain
from typing import Any

import torch
from torch import nn

from mmtips.downsampling import Downsampler, build_downsampler, operator_class
from mmtips.notation import operator_name
from mmtips.surgery.branches import ROLES
from mmtips.surgery.placement import PLACEMENTS
from mmtips.surgery.sites import Site

#: Config of an operator, which may have a ``placement`` beside its options (one of :data:`PLACEMENTS`, see
#: :func:`mmtips.surgery.convert_downsampling`), or None: the host's own downsampling stays.
Choice = Mapping[str, Any] | None
#: A strided stem convolution stays strided, as in BlurPool's networks: at stride 1 it is run at the resolution of the
#: image, which costs more in training, in time and kept memory, than all other sites together: measured for ResNet-50
#: in ``results/benchmarks/sites-cpu-float32-t1.json``.
#: A mean over windows of more than two strides gathers context, and passes no detail that could alias.
DEFAULT_SITES: Mapping[str, Choice] = {'stem_conv': None, 'context_pool': None}


def plan_sites(found: Sequence[Site], downsampler: Choice,
               sites: Mapping[str, Choice] | None = None) -> dict[str, Choice]:
    """Choose an operator for every stride site of a network.

    Args:
        found: Its sites, as :func:`mmtips.surgery.find_sites` lists them.
        downsampler: Config of the operator, or None, wherever ``sites`` says nothing else.
        sites: Other choices, for a role (one of :data:`ROLES`) or for the paths of strided modules that match a pattern
            (as for file names). Where several apply the last one counts; they come after :data:`DEFAULT_SITES`. A
            ``placement`` is part of a choice.

    Returns:
        For the path of each strided module the config of its operator, or None.

    Raises:
        ValueError: If there is no site, or a pattern matches none, or no operator is left, or a placement is unknown,
            or branches of a block that are to share an operator do not have the same one.
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
    _check_blocks(found, plan)
    return plan


def placement_of(choice: Choice, name: str = 'downsampler') -> str:
    """Where the operator of a choice runs: one of :data:`PLACEMENTS`, the first if nothing is said.

    Raises:
        ValueError: If it is another one.
    """
    placement = PLACEMENTS[0] if choice is None else choice.get('placement', PLACEMENTS[0])
    if placement not in PLACEMENTS:
        raise ValueError(f'{name} placement: expected one of {PLACEMENTS}, got {placement!r}')
    return placement


def _check_blocks(found: Sequence[Site], plan: Mapping[str, Choice]) -> None:
    for site in found:
        branches = {other.strided: plan[other.strided] for other in found if site.block and other.block == site.block}
        own = plan[site.strided]
        if placement_of(own) == 'block' and any(choice != own for choice in branches.values()):
            raise ValueError(f"{site.strided}: placement='block' is one operator for all branches of a block: give "
                             f'them the same, got {branches}')


def _check(roles: Mapping[str, str], downsampler: Choice, sites: Mapping[str, Choice]) -> None:
    if not roles:
        raise ValueError('there is no strided convolution and no strided pool, so that there is nothing to exchange')
    if not isinstance(sites, Mapping):
        raise TypeError(f'sites: expected a dict such as dict(stem_conv=None), got {sites!r}')
    for name, choice in {'downsampler': downsampler, **{f'sites[{key!r}]': sites[key] for key in sites}}.items():
        if choice is not None:
            operator_class(choice, name)
            placement_of(choice, name)
    for pattern in sites:
        if pattern not in ROLES and not any(fnmatch(path, pattern) for path in roles):
            raise ValueError(f'sites: {pattern!r} is no role (one of {ROLES}) and matches none of the stride sites: '
                             f'{roles}')


def build_operators(network: nn.Module, found: Sequence[Site],
                    plan: Mapping[str, Choice]) -> list[tuple[Site, nn.Module | None]]:
    """Build all that the plan puts into a network, on its device, in its dtype and mode, and change nothing yet.

    Args:
        network: The network.
        found: Its sites.
        plan: See :func:`plan_sites`.

    Returns:
        The sites to convert, each with its operator, or with what takes the place of its convolution, or None: the
        operator before its block is another site's. Operators whose maps meet follow the one that runs first.

    Raises:
        ValueError: If an operator refuses an option, a site, or the operator that it would follow.
        TypeError: If an operator does not know an option.
    """
    with own_draws():
        return _build_all(network, found, plan)


@contextmanager
def own_draws() -> Iterator[None]:
    """Draw from a stream of its own, which the global one seeds and is left as it was.

    What a network draws after its operators, it draws as it would without them: of one seed, two networks that differ
    in their operators have all other initial weights in common.
    """
    with torch.random.fork_rng(devices=[]):
        seed = torch.empty((), dtype=torch.int64, device='cpu').random_()
        # Of the CPU's generator alone: torch.manual_seed would seed those of all devices.
        torch.default_generator.manual_seed(int(seed))
        yield


def _build_all(network: nn.Module, found: Sequence[Site],
               plan: Mapping[str, Choice]) -> list[tuple[Site, nn.Module | None]]:
    leaders: dict[str, Downsampler | None] = {}
    built: list[tuple[Site, nn.Module | None]] = []
    for site in found:
        choice, part = plan[site.strided], None
        if choice is not None and site.placement == 'block' and site.block not in ('', site.strided):
            built.append((site, None))
        elif choice is not None:
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
    options = {key: value for key, value in choice.items() if key != 'placement'}
    operator = build_downsampler(options, site.channels, site.stride)
    absorbed = operator.from_conv(strided) if isinstance(strided, nn.Conv2d) else None
    if absorbed is not None and site.placement != 'after':
        raise ValueError(f"placement={site.placement!r}: {type(operator).__name__} takes the place of the convolution, "
                         'and neither runs before it nor after it: leave the placement out')
    if absorbed is not None:
        return absorbed
    if site.block in leaders:
        operator.follow(leaders[site.block])
    like = next(chain(strided.parameters(), network.parameters()), torch.empty(0))
    return operator.to(like.device, like.dtype).train(strided.training)


def describe_plan(plan: Mapping[str, Choice]) -> str:
    """One line: which operator is where, and which sites are left as they are."""
    groups: dict[str, list[str]] = {}
    for path, choice in plan.items():
        groups.setdefault('left as it is' if choice is None else operator_name(choice), []).append(path)
    return '; '.join(f"{name}: {', '.join(paths)}" for name, paths in groups.items())
