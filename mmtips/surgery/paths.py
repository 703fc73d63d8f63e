# Copyright (c) mmtips authors. All rights reserved.
"""How maps flow from module to module inside a backbone.

Nothing here imports a host: block families are recognised by the names of their classes and of their attributes.
"""

from collections.abc import Iterator
from itertools import takewhile

from torch import nn

#: For each block family, which child runs next on the path after a strided child, past norm and activation.
#: Class names are looked up along the bases of a block, so that the hosts' subclasses are covered.
FOLLOWERS = {
    'BasicBlock': {'conv1': 'conv2'},
    'Bottleneck': {'conv1': 'conv2', 'conv2': 'conv3'},
    'ResNet': {'conv1': 'maxpool'},
}
#: Which of them are residual blocks, and the child that holds the projection of their skip.
BLOCKS = ('BasicBlock', 'Bottleneck')
SKIP = 'downsample'
#: What may stand between a convolution and its follower in a sequence: it acts on each pixel by itself.
POINTWISE = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Identity,
             nn.Dropout)


def refusal(path: str, why: str) -> ValueError:
    """The error for a site that cannot be converted; it says how to leave it alone."""
    return ValueError(f'{path}: {why}: leave it as it is with sites={{{path!r}: None}}')


def is_block(module: nn.Module) -> bool:
    """Whether a module is a residual block of a known family."""
    return _family(module) in BLOCKS


def on_skip(path: str, block: str) -> bool:
    """Whether a module lies on the skip of its block."""
    return bool(block) and SKIP in path[len(block) + 1:].split('.')


def _family(module: nn.Module) -> str:
    """The first base of a module's class that is a known family, or ''."""
    return next((base.__name__ for base in type(module).__mro__ if base.__name__ in FOLLOWERS), '')


def _parents(backbone: nn.Module, path: str) -> Iterator[tuple[str, nn.Module, str]]:
    """The (path, module, child name) of every ancestor of a module, the nearest first."""
    while path:
        parent, _, name = path.rpartition('.')
        yield parent, backbone.get_submodule(parent), name
        path = parent


def _join(*names: str) -> str:
    return '.'.join(name for name in names if name)


def follower_of(backbone: nn.Module, path: str) -> str:
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


def block_of(backbone: nn.Module, path: str) -> str:
    """The nearest residual block around a path, or ''."""
    return next((parent_path for parent_path, parent, _ in _parents(backbone, path)
                 if is_block(parent)), '')


def pooled_channels(backbone: nn.Module, path: str) -> int:
    """Channels that reach a pool: what its skip's projection expects, or what the convolution before it gave."""
    _, parent, name = next(_parents(backbone, path))
    if isinstance(parent, nn.Sequential):
        children = dict(parent.named_children())
        for key in list(children)[list(children).index(name) + 1:]:
            for module in children[key].modules():
                if isinstance(module, nn.Conv2d):
                    return module.in_channels
    elif parent is not backbone:
        raise refusal(path, f'do not know how many channels reach a pool inside a {type(parent).__name__}')
    before = list(takewhile(lambda pair: pair[0] != path, backbone.named_modules()))
    convolutions = [module for _, module in before if isinstance(module, nn.Conv2d)]
    if not convolutions:
        raise refusal(path, 'do not know how many channels reach a pool before any convolution')
    return convolutions[-1].out_channels
