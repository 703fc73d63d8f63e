# Copyright (c) mmtips authors. All rights reserved.
"""Whether a converted model moves with its image: what no look at its modules can say."""

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn

from mmtips.downsampling import Downsampler
from mmtips.inspection.recording import blank_image

#: Rounding in float64 stays far below this share of the output, and what does not move, above.
TOLERANCE = 1e-8


def require_equivariance(model: nn.Module) -> None:
    """Run a copy of a model, in float64 and eval, on noise and on the same noise shifted, and compare.

    Operators may be exact and their network not: where branches meet that kept phases of their own, where a pool or a
    convolution without padding leaves out a row, where maps are flattened, or pooled over regions.

    Args:
        model: A segmentor or classifier, converted and padded circularly. It is left as it was.

    Raises:
        ValueError: If its prediction does not follow the image, or it cannot be run on the image of this test.
    """
    twin = copy.deepcopy(model).eval().double()
    name = f'{type(model).__name__} with {type(model.backbone).__name__}'
    side = _side(twin)
    noise = torch.rand(blank_image(twin, (side, side)).shape, generator=torch.Generator().manual_seed(0))
    image = noise.to(next(twin.parameters()))
    # By one pixel; and by an odd number of them that is more than any stride, another one in the columns.
    shifts = ((1, 0), (side // 2 + 1, side // 2 - 3))
    try:
        still, *moved = (_predict(twin, image.roll(shift, dims=(-2, -1))) for shift in ((0, 0), *shifts))
    except (RuntimeError, ValueError) as error:
        raise ValueError(f'{name}: could not be tried on an image of {side} x {side} pixels, whether it moves with it: '
                         f'{type(error).__name__}: {error}') from error
    for shift, prediction in zip(shifts, moved, strict=True):
        expected = still.roll(shift, dims=(-2, -1)) if still.dim() == 4 else still
        apart = ((prediction - expected).abs().max() / expected.abs().max().clamp_min(1e-12)).item()
        if not apart <= TOLERANCE:
            raise ValueError(f'{name}: its prediction does not move with the image, by {apart:.2g} of its largest '
                             f'value at a shift of {shift}: somewhere branches meet that keep phases of their own, '
                             'a module without padding leaves out a row, or maps are flattened or pooled over regions. '
                             'No conversion makes such a network exact')


def _side(model: nn.Module) -> int:
    """A multiple of the total stride, whatever power of the operators' strides that is, of some hundred pixels."""
    strides = math.lcm(*(module.stride for module in model.modules() if isinstance(module, Downsampler)))
    return 2 * strides**math.ceil(math.log(64, strides) - 1e-9)


@torch.no_grad()
def _predict(model: Any, image: Tensor) -> Tensor:
    """Logits of a segmentor, ``(N, K, H, W)``, or of a classifier, ``(N, K)``."""
    prediction = model(image, mode='tensor')
    while not isinstance(prediction, Tensor):
        prediction = prediction[0]
    return prediction
