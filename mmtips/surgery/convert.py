# Copyright (c) mmtips authors. All rights reserved.
"""Put a downsampling operator at the stride sites of a built backbone, without renaming a parameter."""

from collections.abc import Sequence
from fnmatch import fnmatch
from typing import Any, cast

from mmengine.logging import print_log
from torch import Tensor, nn

from mmtips.downsampling import Downsampler, build_downsampler
from mmtips.surgery.sites import Site, find_sites


def convert_downsampling(backbone: nn.Module,
                         downsampler: dict[str, Any],
                         exclude: Sequence[str] = ()) -> list[Site]:
    """Exchange the downsampling of a backbone, in place.

    Two moves: a strided convolution gets stride 1, and the *next* module on the path first runs the operator (in a
    residual block: convolution, norm, ReLU, operator, convolution; on the skip the operator runs before the
    projection). A pool is replaced. No parameter changes its name, so that the host's checkpoints load as before; the
    operators' own parameters appear under ``<carrier>.downsampler``.

    The operator is a child module of its carrier, run by a forward pre-hook rather than by a subclass of the carrier:
    the carrier keeps its class, which the hosts' initialisation and type tests look at, whatever convolution it is.

    Args:
        backbone: A built host backbone; ``backbone.init_weights()`` may run before or after.
        downsampler: Config of the operator, such as ``dict(type='TIPS')``.
        exclude: Patterns (as for file names) of sites to leave alone, matched with the path of the strided module:
            ``('conv1', 'stem.*')`` keeps the host's stem.

    Returns:
        The converted sites.

    Raises:
        ValueError: If no site is left to convert, or a pattern of ``exclude`` matches no site.
        TypeError: If ``downsampler`` is malformed.
        KeyError: If the operator is not registered.
    """
    found = find_sites(backbone)
    _check_found(backbone, found, exclude)
    sites = [site for site in found if not any(fnmatch(site.strided, pattern) for pattern in exclude)]
    if not sites:
        raise ValueError(f'exclude={tuple(exclude)!r} leaves none of the {len(found)} stride sites: '
                         f'{[site.strided for site in found]}')
    # All operators are built before the first change, so that a bad option leaves the backbone as it was. Pools go
    # first, because the module before which a strided convolution's operator runs may be one that is replaced.
    built = [(site, build_downsampler(downsampler, site.channels, site.stride)) for site in sites]
    for site, operator in sorted(built, key=lambda pair: pair[0].kind != 'pool'):
        (_replace_pool if site.kind == 'pool' else _move_stride)(backbone, site, operator)
    _freeze_again(backbone)
    print_log(
        f"{downsampler['type']} at {len(sites)} of {len(found)} stride sites of {type(backbone).__name__}: "
        f"{', '.join(site.strided for site in sites)}",
        logger='current')
    return sites


def _check_found(backbone: nn.Module, found: list[Site], exclude: Sequence[str]) -> None:
    name = type(backbone).__name__
    if any(isinstance(module, Downsampler) for module in backbone.modules()):
        raise ValueError(f'{name} has been converted before: build it again to exchange its operators')
    if not found:
        raise ValueError(f'{name} has no strided convolution and no strided pool, so that there is nothing to exchange')
    for pattern in exclude:
        if not any(fnmatch(site.strided, pattern) for site in found):
            raise ValueError(f'exclude: pattern {pattern!r} matches none of the stride sites of {name}: '
                             f'{[site.strided for site in found]}')


def _replace_pool(backbone: nn.Module, site: Site, operator: Downsampler) -> None:
    pool = backbone.get_submodule(site.strided)
    if operator.keeps_max and isinstance(pool, nn.MaxPool2d):
        backbone.set_submodule(site.strided, DenseMaxFirst(_dense_max(pool), operator))
    else:
        backbone.set_submodule(site.strided, operator)


class DenseMaxFirst(nn.Module):
    """The maximum at stride 1, then the operator: no ``nn.Sequential``, which would also run a carrier's operator.

    Args:
        dense: The max pool at stride 1.
        operator: The operator.
    """

    def __init__(self, dense: nn.Module, operator: nn.Module) -> None:
        super().__init__()
        self.max = dense
        self.pool = operator

    def forward(self, x: Tensor) -> Tensor:
        """Reduce the local maxima of ``x``, ``(N, C, H, W) -> (N, C, ceil(H/s), ceil(W/s))``."""
        return self.pool(self.max(x))


def _dense_max(pool: nn.MaxPool2d) -> nn.Module:
    """The host's max pool at stride 1, with as many outputs as inputs for any kernel."""
    kernel = pool.kernel_size if isinstance(pool.kernel_size, int) else pool.kernel_size[0]
    if kernel % 2:
        return nn.MaxPool2d(kernel, stride=1, padding=kernel // 2)
    before, after = (kernel - 1) // 2, kernel // 2
    border = nn.ConstantPad2d((before, after, before, after), float('-inf'))
    return nn.Sequential(border, nn.MaxPool2d(kernel, stride=1))


def _move_stride(backbone: nn.Module, site: Site, operator: Downsampler) -> None:
    convolution = cast(nn.Conv2d, backbone.get_submodule(site.strided))
    convolution.stride = (1, 1)
    run_before(backbone.get_submodule(site.carrier), operator)


def run_before(carrier: nn.Module, operator: nn.Module) -> None:
    """Make a module run an operator on its input, as its child ``downsampler``.

    Args:
        carrier: Any module whose first argument is the feature map.
        operator: Maps that feature map to what the carrier shall see.
    """
    carrier.add_module('downsampler', operator)
    carrier.register_forward_pre_hook(_run_downsampler)


def _run_downsampler(carrier: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    # A function of the module, not a closure: deepcopy and pickle of the model keep it working.
    return (carrier.get_submodule('downsampler')(args[0]), *args[1:])


def _freeze_again(backbone: nn.Module) -> None:
    """Hosts freeze their first stages in the constructor, before the operators were there."""
    freeze = getattr(backbone, '_freeze_stages', None)
    if freeze is not None:
        freeze()
