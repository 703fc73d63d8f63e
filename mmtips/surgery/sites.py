# Copyright (c) mmtips authors. All rights reserved.
"""Find every place where a built backbone divides the resolution, and where its operator belongs."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from torch import nn

from mmtips.downsampling import Downsampler, SpaceToDepthConv2d
from mmtips.surgery.paths import block_of, follower_of, is_block, on_skip, pooled_channels, refusal

POOLS = (nn.MaxPool2d, nn.AvgPool2d)
#: What a site is to its backbone: before its first residual block, or a branch of a block. Without blocks all are main.
ROLES = ('stem_conv', 'stem_pool', 'main', 'skip')


@dataclass(frozen=True)
class Site:
    """One resolution change of a backbone.

    Attributes:
        strided: Path of the module that has the stride, such as ``layer2.0.conv2``.
        carrier: Path of the module before which the operator runs, such as ``layer2.0.conv3``; ``strided`` itself for
            a pool, which the operator replaces, and where nothing else is known.
        block: Path of the residual block of which it is a branch, '' outside of one. The main branch comes first.
        channels: Channels of the map that is reduced.
        stride: The factor.
        role: One of :data:`ROLES`.
        kind: ``'pool'``, ``'floor_pool'`` for a pool that drops the rest of a map which is no multiple of its stride,
            or ``'conv'``.
    """

    strided: str
    carrier: str
    block: str
    channels: int
    stride: int
    role: str
    kind: str


def strided_modules(backbone: nn.Module) -> dict[str, nn.Module]:
    """The convolutions and pools of a backbone that have a stride, by path, in the order of its modules.

    A convolution whose stride a dilation replaced, or a pool of stride 1, has none; transposed convolutions divide
    nothing.
    """
    return {path: module for path, module in backbone.named_modules()
            if (isinstance(module, POOLS) or _is_convolution(module)) and max(_pair(module.stride)) > 1}


def _is_convolution(module: nn.Module) -> bool:
    """Whether a module is a convolution of any class (a deformable one, say, is no ``nn.Conv2d``)."""
    weight = getattr(module, 'weight', None)
    return (isinstance(weight, nn.Parameter) and weight.dim() == 4 and hasattr(module, 'stride')
            and not isinstance(module, (nn.ConvTranspose2d, Downsampler, SpaceToDepthConv2d)))


def _pair(value: Any) -> tuple[Any, ...]:
    return (value, value) if isinstance(value, int) else tuple(value)


def site_roles(backbone: nn.Module) -> dict[str, str]:
    """The role, one of :data:`ROLES`, of every strided module by path, in the order of the modules."""
    paths = [path for path, _ in backbone.named_modules()]
    begin = next((place for place, module in enumerate(backbone.modules()) if is_block(module)), 0)
    roles: dict[str, str] = {}
    for path, module in strided_modules(backbone).items():
        if paths.index(path) < begin:
            roles[path] = 'stem_pool' if isinstance(module, POOLS) else 'stem_conv'
        else:
            roles[path] = 'skip' if on_skip(path, block_of(backbone, path)) else 'main'
    return roles


def find_sites(backbone: nn.Module, paths: Collection[str] | None = None) -> list[Site]:
    """List the stride sites of a backbone in the order of its modules.

    Args:
        backbone: A built host backbone.
        paths: Only those of these strided modules; all if not given.

    Returns:
        The sites; empty if there are none.

    Raises:
        ValueError: If a site has different strides for rows and columns, a strided convolution an unknown type, or a
            pool an output size or a place that no rule here covers.
    """
    return [(_pool_site if isinstance(module, POOLS) else _conv_site)(backbone, path, module, role)
            for (path, module), role in zip(strided_modules(backbone).items(), site_roles(backbone).values(),
                                            strict=True) if paths is None or path in paths]


def _pool_site(backbone: nn.Module, path: str, pool: Any, role: str) -> Site:
    stride = _square_stride(path, pool)
    return Site(path, path, block_of(backbone, path), pooled_channels(backbone, path), stride, role,
                _pool_kind(path, pool, stride))


def _conv_site(backbone: nn.Module, path: str, convolution: Any, role: str) -> Site:
    stride = _square_stride(path, convolution)
    if not isinstance(convolution, nn.Conv2d):
        raise refusal(path, f'do not know how to take the stride off a {type(convolution).__name__}: only nn.Conv2d '
                             'and its subclasses are supported')
    carrier = follower_of(backbone, path)
    if carrier == path:
        _require_same_size(path, convolution)
    channels = convolution.in_channels if carrier == path else convolution.out_channels
    return Site(path, carrier, block_of(backbone, path), channels, stride, role, 'conv')


def _square_stride(path: str, module: nn.Module) -> int:
    rows, columns = _pair(module.stride)
    if rows != columns:
        raise refusal(path, f'stride {(rows, columns)} differs between rows and columns, which no operator here '
                             'supports')
    return int(rows)


def _require_same_size(path: str, convolution: nn.Conv2d) -> None:
    """Before a convolution that shrinks the map, the operator gives another size than the stride after it."""
    for kernel, padding, dilation in zip(convolution.kernel_size, convolution.padding, convolution.dilation,
                                         strict=True):
        if isinstance(padding, int) and 2 * padding != dilation * (kernel - 1):
            raise refusal(path, 'nothing is known to come after this convolution, and before it the operator would '
                                 f'change the output size (kernel {kernel}, padding {padding})')


def _pool_kind(path: str, pool: nn.MaxPool2d | nn.AvgPool2d, stride: int) -> str:
    """How a pool rounds: its output has ``floor((H + 2p - k) / s) + 1`` rows, or the ceiling in ``ceil_mode``."""
    pairs = [_pair(pool.kernel_size), _pair(pool.padding), _pair(getattr(pool, 'dilation', 1))]
    (kernel, columns), (padding, sides), dilation = pairs
    if kernel != columns or padding != sides or dilation != (1, 1):
        raise refusal(path, f'a pool of kernel {pairs[0]}, padding {pairs[1]} and dilation {pairs[2]} is none that an '
                            'operator replaces')
    if kernel == 2 * padding + (stride if pool.ceil_mode else 1):
        return 'pool'
    if kernel == 2 * padding + stride:
        return 'floor_pool'
    raise refusal(path, f'a pool of kernel {kernel}, stride {stride} and padding {padding} divides the size in a way '
                         'that no operator here does')
