# Copyright (c) mmtips authors. All rights reserved.
"""The modules that divide the resolution of their input."""

from typing import Any

from torch import nn

from mmtips.downsampling import Downsampler, SpaceToDepthConv2d

POOLS = (nn.MaxPool2d, nn.AvgPool2d)
#: Convolutions that pad by an amount that depends on their stride and on the size of the map, by class name: those of
#: mmcv (EfficientNet) and of timm (and those of whose names this is the end), and what takes their place in a converted
#: network.
SAME_PADDED = ('Conv2dAdaptivePadding', 'Conv2dSame', 'GridPaddedConv2d')


def strided_modules(network: nn.Module) -> dict[str, nn.Module]:
    """The convolutions and pools of a network that have a stride, by path, in the order of its modules.

    A convolution whose stride a dilation replaced, or a pool of stride 1, has none; transposed convolutions divide
    nothing.
    """
    return {path: module for path, module in network.named_modules()
            if (isinstance(module, POOLS) or is_convolution(module)) and max(pair(module.stride)) > 1}


def is_convolution(module: nn.Module) -> bool:
    """Whether a module is a convolution of any class (a deformable one, say, is no ``nn.Conv2d``)."""
    if isinstance(module, (nn.ConvTranspose2d, Downsampler, SpaceToDepthConv2d)):
        return False
    weight = getattr(module, 'weight', None)
    return isinstance(module, nn.Conv2d) or (
        isinstance(weight, nn.Parameter) and weight.dim() == 4 and hasattr(module, 'stride'))


def pads_itself(module: nn.Module) -> bool:
    """Whether a convolution is one of :data:`SAME_PADDED`."""
    return type(module).__name__.endswith(SAME_PADDED)


def same_padding(side: int, stride: int, reach: int) -> int:
    """Rows that such a convolution puts around ``side`` rows; its kernel covers ``reach + 1``."""
    return max((-(-side // stride) - 1) * stride + reach + 1 - side, 0)


def pair(value: Any) -> tuple[Any, Any]:
    """Rows and columns of what a module may give as one number for both."""
    values = (value, ) if isinstance(value, int) else tuple(value)
    return values * 2 if len(values) == 1 else values
