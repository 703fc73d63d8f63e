# Copyright (c) mmtips authors. All rights reserved.
"""Find every place where a built backbone divides the resolution, and where its operator belongs.

Nothing here imports a host: block families are recognised by the names of their classes and of their attributes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Site:
    """One resolution change of a backbone.

    Attributes:
        strided: Path of the module that has the stride, such as ``layer2.0.conv2``.
        carrier: Path of the module before which the operator runs, such as ``layer2.0.conv3``; ``strided`` itself for
            a pool, which the operator replaces, and where nothing else is known.
        block: Path of the block around it; the sites of one block are the branches of one residual.
        channels: Channels of the map that is reduced.
        stride: The factor.
        kind: ``'pool'`` or ``'conv'``.
    """

    strided: str
    carrier: str
    block: str
    channels: int
    stride: int
    kind: str


def find_sites(backbone: nn.Module) -> list[Site]:
    """List the stride sites of a backbone in the order of its modules.

    A convolution whose stride a dilation replaced, or a pool of stride 1, is no site.

    Args:
        backbone: A built host backbone.

    Returns:
        The sites; empty if there are none.

    Raises:
        ValueError: If a site has different strides for rows and columns, or a strided convolution an unknown type.
    """
    sites = []
    channels = 0
    for path, module in backbone.named_modules():
        if isinstance(module, nn.Conv2d):
            stride = _square_stride(path, module)
            if stride > 1:
                carrier = _follower(backbone, path)
                reduced = module.in_channels if carrier == path else module.out_channels
                sites.append(Site(path, carrier, _block(backbone, path), reduced, stride, 'conv'))
            channels = module.out_channels
        elif isinstance(module, POOLS):
            stride = _square_stride(path, module)
            if stride > 1:
                reduced = _pooled_channels(backbone, path, channels)
                sites.append(Site(path, path, _block(backbone, path), reduced, stride, 'pool'))
        else:
            _refuse_unknown(path, module)
    return sites


def _square_stride(path: str, module: nn.Module) -> int:
    stride: Any = module.stride
    stride = stride if isinstance(stride, tuple) else (stride, stride)
    if stride[0] != stride[1]:
        raise ValueError(f'{path}: stride {stride} differs between rows and columns, which no operator here supports: '
                         'leave it out with exclude=')
    return int(stride[0])


def _refuse_unknown(path: str, module: nn.Module) -> None:
    """A strided convolution that is no ``nn.Conv2d`` (a deformable one, say) must not be passed over in silence."""
    weight = getattr(module, 'weight', None)
    if isinstance(module, nn.ConvTranspose2d) or not isinstance(weight, nn.Parameter) or weight.dim() != 4:
        return
    if hasattr(module, 'stride') and _square_stride(path, module) > 1:
        raise ValueError(f'{path}: do not know how to take the stride off a {type(module).__name__}: only nn.Conv2d '
                         'and its subclasses are supported')


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
    """The nearest residual block around a path, or the path's own parent."""
    for parent_path, parent, _ in _parents(backbone, path):
        if _family(parent) and parent is not backbone:
            return parent_path
    return path.rpartition('.')[0]


def _pooled_channels(backbone: nn.Module, path: str, previous: int) -> int:
    """Channels that reach a pool: what its skip's projection expects, or what the last convolution gave."""
    for _, parent, name in _parents(backbone, path):
        if isinstance(parent, nn.Sequential):
            children = dict(parent.named_children())
            for key in list(children)[list(children).index(name) + 1:]:
                for module in children[key].modules():
                    if isinstance(module, nn.Conv2d):
                        return module.in_channels
        break
    return previous
