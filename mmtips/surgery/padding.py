# Copyright (c) mmtips authors. All rights reserved.
"""Let every map of a model go on circularly beyond its border, so that no border breaks equivariance."""

from typing import Any, cast

import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mmtips.downsampling import Downsampler, SpaceToDepthConv2d, functional
from mmtips.inspection.strided import pads_itself

#: What has a border of its own: ``(N, C, H, W)`` in, padded by ``padding``.
PADDED = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


def convert_padding(model: nn.Module, padding_mode: str = 'circular') -> list[str]:
    """Pad a model circularly, in place: convolutions, pools, operators, and the bilinear resizes in its forward.

    With it, a circular shift by a multiple of the total stride moves every map of the model; what shifts in between do
    is up to the operators. Any dilation and any size that is a multiple of the total stride will do: a border may be
    wider than the map. Parameters and their names stay. Convert the downsampling first. What a forward does beside
    modules and resizes is not looked at.

    Args:
        model: A segmentor, classifier or backbone; its resizes are converted while its own forward runs.
        padding_mode: ``'circular'``, the only one.

    Returns:
        The paths of the converted convolutions, pools and operators.

    Raises:
        ValueError: If the padding mode is another one, the model has been converted before, or a module cannot be.
    """
    if padding_mode != 'circular':
        raise ValueError(f"padding_mode: expected 'circular', got {padding_mode!r}")
    if hasattr(model, 'circular_resizes'):
        raise ValueError(f'{type(model).__name__} has been converted before')
    converted = []
    module: Any
    for path, module in model.named_modules():
        _check(path, module)
        _check_checkpointed(path, module)
    for path, module in list(model.named_modules()):
        if isinstance(module, (Downsampler, SpaceToDepthConv2d)):
            if getattr(module, 'padding_mode', padding_mode) != padding_mode:
                cast(Any, module).padding_mode = padding_mode
                converted.append(path)
        elif isinstance(module, nn.ConstantPad2d):
            model.set_submodule(path, nn.CircularPad2d(module.padding))
            converted.append(path)
        elif isinstance(module, PADDED) and _pad_before(module):
            converted.append(path)
    cast(Any, model).circular_resizes = []
    trail = getattr(getattr(model, 'backbone', None), 'trail', None)
    if trail is not None:  # the decode was aligned before
        trail.border = 'wrap'
    model.register_forward_pre_hook(_enter, prepend=True)
    model.register_forward_hook(_leave, always_call=True)
    return converted


def _check(path: str, module: Any) -> None:
    """Refuse what has a border, or cells, that cannot be made circular."""
    if isinstance(module, (Downsampler, SpaceToDepthConv2d)):
        return
    padding = getattr(module, 'padding', 0)
    if isinstance(module, PADDED):
        if isinstance(padding, str) or getattr(module, 'padding_mode', 'zeros') not in ('zeros', 'circular'):
            raise ValueError(f'{path}: expected a module with zero padding in pixels, got {module}')
        if pads_itself(module):
            raise ValueError(f'{path}: {type(module).__name__} pads by an amount that depends on the size of its map, '
                             'which cannot be made circular')
    elif isinstance(module, nn.ConvTranspose2d):
        if tuple(module.kernel_size) != tuple(module.stride):
            raise ValueError(f'{path}: a transposed convolution whose windows overlap has a border that cannot be made '
                             f'circular, got {module}: enlarge by bilinear interpolation')
    elif isinstance(module, (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)):
        if module.output_size not in (1, (1, 1)):
            raise ValueError(f'{path}: pooling over a grid of regions does not move with the image, got {module}: only '
                             'an output of 1 x 1 does')
    elif getattr(getattr(module, 'weight', None), 'ndim', 0) == 4 and padding not in (0, (0, 0)):
        raise ValueError(f'{path}: do not know how to pad a {type(module).__name__} circularly')


def _check_checkpointed(path: str, module: Any) -> None:
    """Refuse resizes that run again in the backward: there the forward of the model is over, and so is the exchange."""
    resizes = any('upsample' in type(inner).__name__.lower() for inner in module.modules())
    if getattr(module, 'with_cp', False) and resizes:
        raise ValueError(f'{path or type(module).__name__}: checkpointing runs its resizes again in the backward, '
                         'where they are not circular: set with_cp=False')


def _pad_before(module: Any) -> bool:
    """Move the padding of a module in front of it; False if it has none."""
    padding: Any = module.padding
    rows, columns = padding if isinstance(padding, tuple) else (padding, padding)
    if rows == columns == 0:
        return False
    module.circular_border = (rows, columns)
    module.padding = 0 if not isinstance(padding, tuple) else (0, 0)
    if isinstance(module, nn.Conv2d):
        module.padding_mode = 'zeros'
    module.register_forward_pre_hook(_pad)
    return True


def _pad(module: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    rows, columns = cast(tuple[int, int], module.circular_border)
    return (_wrap(args[0], rows, columns), *args[1:])


def _wrap(x: Tensor, rows: int, columns: int) -> Tensor:
    return functional.wrap_border(functional.wrap_border(x, -2, rows, rows), -1, columns, columns)


class _CircularResizes(TorchFunctionMode):
    """Exchanges ``F.interpolate``: hosts call it as a function, so that there is no module to convert."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ARG002
        if func is F.interpolate:
            return circular_resize(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def circular_resize(input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = 'nearest',
                    align_corners: bool | None = None, **options: Any) -> Tensor:
    """``F.interpolate`` on a map that goes on circularly; the argument names are its.

    Args:
        input: ``(N, C, h, w)``.
        size: Height and width of the output.
        scale_factor: Or its ratio to the input.
        mode: ``'bilinear'`` enlarges by whole factors; ``'nearest'`` and reductions need no border.
        align_corners: False or None.
        **options: As in ``F.interpolate``.

    Returns:
        ``(N, C, H, W)``.

    Raises:
        ValueError: If a bilinear resize aligns corners, or is no enlargement by a whole factor.
    """
    resized = F.interpolate(input, size, scale_factor, mode, align_corners, **options)
    (h, w), (height, width) = input.shape[-2:], resized.shape[-2:]
    if mode == 'bicubic':
        raise ValueError('circular padding: expected bilinear or nearest resizes, got bicubic')
    if mode != 'bilinear' or (h, w) in ((height, width), (1, 1)) or (height <= h and width <= w):
        return resized
    if align_corners or height % h or width % w:
        raise ValueError(f'circular padding: expected a bilinear resize by whole factors without aligned corners, got '
                         f'{(h, w)} to {(height, width)} with align_corners={align_corners}: choose an input size that '
                         'is a multiple of the total stride')
    rows, columns = height // h, width // w
    wide = F.interpolate(_wrap(input, 1, 1), (height + 2 * rows, width + 2 * columns), mode='bilinear',
                         align_corners=False)
    return wide[..., rows:rows + height, columns:columns + width]


def _enter(model: nn.Module, args: Any) -> None:  # noqa: ARG001
    scope = _CircularResizes()
    scope.__enter__()
    cast(list, model.circular_resizes).append(scope)


def _leave(model: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG001
    cast(list, model.circular_resizes).pop().__exit__(None, None, None)
