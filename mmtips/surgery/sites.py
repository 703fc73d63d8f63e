# Copyright (c) mmtips authors. All rights reserved.
"""Find every place where a built backbone divides the resolution, and where its operator belongs.

Nothing here imports a host: block families are recognised by the names of their classes and of their attributes.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from torch import nn

#: For each block family, which child runs next on the path after a strided child, past norm and activation.
#: Class names are looked up along the bases of a block, so that the hosts' subclasses are covered.
FOLLOWERS = {
    'BasicBlock': {'conv1': 'conv2'},
    'Bottleneck': {'conv1': 'conv2', 'conv2': 'conv3'},
    'ResNet': {'conv1': 'maxpool'},
}
#: What may stand between a convolution and its follower in a sequence: it acts on each pixel by itself.
POINTWISE = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Identity,
             nn.Dropout)
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
            if (isinstance(module, POOLS) or _is_convolution(module)) and max(_strides(module)) > 1}


def _is_convolution(module: nn.Module) -> bool:
    """Whether a module is a convolution of any class (a deformable one, say, is no ``nn.Conv2d``)."""
    weight = getattr(module, 'weight', None)
    return (not isinstance(module, nn.ConvTranspose2d) and isinstance(weight, nn.Parameter) and weight.dim() == 4
            and hasattr(module, 'stride'))


def _strides(module: nn.Module) -> tuple[int, int]:
    stride: Any = module.stride
    return stride if isinstance(stride, tuple) else (stride, stride)


def site_roles(backbone: nn.Module) -> dict[str, str]:
    """The role, one of :data:`ROLES`, of every strided module by path, in the order of the modules."""
    paths = [path for path, _ in backbone.named_modules()]
    blocks = [path for path, module in backbone.named_modules() if module is not backbone and _family(module)]
    begin = paths.index(blocks[0]) if blocks else 0
    roles: dict[str, str] = {}
    led: set[str] = set()
    for path, module in strided_modules(backbone).items():
        if paths.index(path) < begin:
            roles[path] = 'stem_pool' if isinstance(module, POOLS) else 'stem_conv'
            continue
        block = _block(backbone, path)
        roles[path] = 'skip' if block in led else 'main'
        led |= {block} - {''}
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
    return Site(path, path, _block(backbone, path), _pooled_channels(backbone, path), stride, role,
                _pool_kind(path, pool, stride))


def _conv_site(backbone: nn.Module, path: str, convolution: Any, role: str) -> Site:
    stride = _square_stride(path, convolution)
    if not isinstance(convolution, nn.Conv2d):
        raise _refusal(path, f'do not know how to take the stride off a {type(convolution).__name__}: only nn.Conv2d '
                             'and its subclasses are supported')
    carrier = _follower(backbone, path)
    if carrier == path:
        _require_same_size(path, convolution)
    channels = convolution.in_channels if carrier == path else convolution.out_channels
    return Site(path, carrier, _block(backbone, path), channels, stride, role, 'conv')


def _refusal(path: str, why: str) -> ValueError:
    return ValueError(f'{path}: {why}: leave it as it is with sites={{{path!r}: None}}')


def _square_stride(path: str, module: nn.Module) -> int:
    rows, columns = _strides(module)
    if rows != columns:
        raise _refusal(path, f'stride {(rows, columns)} differs between rows and columns, which no operator here '
                             'supports')
    return int(rows)


def _require_same_size(path: str, convolution: nn.Conv2d) -> None:
    """Before a convolution that shrinks the map, the operator gives another size than the stride after it."""
    for kernel, padding, dilation in zip(convolution.kernel_size, convolution.padding, convolution.dilation,
                                         strict=True):
        if isinstance(padding, int) and 2 * padding != dilation * (kernel - 1):
            raise _refusal(path, 'nothing is known to come after this convolution, and before it the operator would '
                                 f'change the output size (kernel {kernel}, padding {padding})')


def _pool_kind(path: str, pool: nn.MaxPool2d | nn.AvgPool2d, stride: int) -> str:
    """How a pool rounds: its output has ``floor((H + 2p - k) / s) + 1`` rows, or the ceiling in ``ceil_mode``."""
    kernel, padding = (value if isinstance(value, int) else value[0] for value in (pool.kernel_size, pool.padding))
    if kernel == 2 * padding + (stride if pool.ceil_mode else 1):
        return 'pool'
    if kernel == 2 * padding + stride:
        return 'floor_pool'
    raise _refusal(path, f'a pool of kernel {kernel}, stride {stride} and padding {padding} divides the size in a way '
                         'that no operator here does')


def _family(module: nn.Module) -> str:
    """The first base of a module's class that is a known block family, or ''."""
    return next((base.__name__ for base in type(module).__mro__ if base.__name__ in FOLLOWERS), '')


def _parents(backbone: nn.Module, path: str) -> Iterator[tuple[str, nn.Module, str]]:
    """The (path, module, child name) of every ancestor of a module, the nearest first."""
    while path:
        parent, _, name = path.rpartition('.')
        yield parent, backbone.get_submodule(parent), name
        path = parent


def _join(*names: str) -> str:
    return '.'.join(name for name in names if name)


def _follower(backbone: nn.Module, path: str) -> str:
    """The path of the module that consumes the strided convolution at ``path``, or ``path`` itself."""
    for parent_path, parent, name in _parents(backbone, path):
        if type(parent).__name__ == 'ConvModule':
            continue  # a convolution with its norm and activation is one step on the path: look around it
        if isinstance(parent, nn.Sequential):
            after = list(parent.named_children())
            after = after[[key for key, _ in after].index(name) + 1:]
            for key, module in after:
                if not isinstance(module, POINTWISE):
                    inner = _first_conv(module)
                    return _join(parent_path, key, inner) if inner is not None else path
            return path
        follower = FOLLOWERS.get(_family(parent), {}).get(name)
        return _join(parent_path, follower) if follower and hasattr(parent, follower) else path
    return path


def _first_conv(module: nn.Module) -> str | None:
    """The path, inside a step of a sequence, of the convolution that its input meets first; None if unknown."""
    if isinstance(module, nn.Conv2d):
        return ''
    if type(module).__name__ == 'ConvModule':
        return 'conv'
    return None


def _block(backbone: nn.Module, path: str) -> str:
    """The nearest residual block around a path, or ''."""
    return next((parent_path for parent_path, parent, _ in _parents(backbone, path)
                 if _family(parent) and parent is not backbone), '')


def _pooled_channels(backbone: nn.Module, path: str) -> int:
    """Channels that reach a pool: what its skip's projection expects, or what the convolution before it gave."""
    _, parent, name = next(_parents(backbone, path))
    if isinstance(parent, nn.Sequential):
        children = dict(parent.named_children())
        for key in list(children)[list(children).index(name) + 1:]:
            for module in children[key].modules():
                if isinstance(module, nn.Conv2d):
                    return module.in_channels
    elif parent is not backbone:
        raise _refusal(path, f'do not know how many channels reach a pool inside a {type(parent).__name__}')
    before = list(takewhile(lambda pair: pair[0] != path, backbone.named_modules()))
    convolutions = [module for _, module in before if isinstance(module, nn.Conv2d)]
    if not convolutions:
        raise _refusal(path, 'do not know how many channels reach a pool before any convolution')
    return convolutions[-1].out_channels
