# Copyright (c) mmtips authors. All rights reserved.
"""Models of either host as attacks want them: pixels in [0, 1] to logits."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmtips.evaluation.adapters import ground_truth

#: How far images may lie outside [0, 255] before normalisation is taken for another one than the model's.
_TOLERANCE = 0.5


class Victim(nn.Module):
    """A model with one preprocessed batch, seen from pixels in [0, 1].

    Args:
        model: A segmentor or classifier, not wrapped.
        inputs: The batch as the data preprocessor made it, ``(N, C, H, W)``.
        size: Height and width of the images; what is below and to the right of them is padding.
        ignore_index: Label of pixels without a truth.

    Raises:
        ValueError: If the images are not of [0, 255] once the normalisation is undone.
        TypeError: If the model cannot be attacked; the message says why.
    """

    def __init__(self, model: nn.Module, inputs: Tensor, size: tuple[int, int], ignore_index: int = 255) -> None:
        super().__init__()
        _require_servable(model)
        self.model = model
        self.inputs = inputs
        self.ignore_index = ignore_index
        self.scale, offset = _normalisation(model, inputs)
        #: Where the image is, rather than padding: ``(1, 1, H, W)``, bool.
        self.inside = torch.zeros(1, 1, *inputs.shape[-2:], dtype=torch.bool, device=inputs.device)
        self.inside[..., :size[0], :size[1]] = True
        pixels = inputs * self.scale + offset
        low, high = (float(value) * 255 for value in pixels[self.inside.expand_as(pixels)].aminmax())
        if low < -_TOLERANCE or high > 255 + _TOLERANCE:
            raise ValueError(f'inputs: expected values from 0 to 255 once the mean and std of the data preprocessor '
                             f'are undone, got {low:.1f} to {high:.1f}: attacks need the normalisation to be there, '
                             'and not in the pipeline')
        #: ``(N, C, H, W)`` in [0, 1]; padding is clipped to it here, and only here.
        self.pixels = pixels.clamp(0, 1)
        self.training = model.training  # and not train(), which would reach into the model

    def network_inputs(self, pixels: Tensor) -> Tensor:
        """What the network gets for other pixels.

        The change is added to the inputs, so that no change at all leaves them as they are to the last bit.

        Args:
            pixels: ``(N, C, H, W)`` in [0, 1].

        Returns:
            Preprocessed inputs; padding is as it was.
        """
        change = torch.where(self.inside, pixels - self.pixels, torch.zeros_like(pixels))
        return self.inputs + change / self.scale

    def forward(self, pixels: Tensor) -> Tensor:
        """The logits.

        Args:
            pixels: ``(N, C, H, W)`` in [0, 1].

        Returns:
            ``(N, K)``, or ``(N, K, H, W)`` for a segmentor.

        Raises:
            TypeError: If the model gives something else.
        """
        logits = self.model(self.network_inputs(pixels), mode='tensor')
        if not isinstance(logits, Tensor) or logits.ndim not in (2, 4):
            raise TypeError(f'{type(self.model).__name__} gives no logits (N, K) or (N, K, H, W), but '
                            f'{type(logits).__name__}: models that classify masks, or have several outputs, cannot '
                            'be attacked')
        if logits.shape[1] < 2:
            raise TypeError(f'{type(self.model).__name__} has one output for two classes: its loss is another than '
                            'the cross-entropy that attacks follow; it cannot be attacked')
        if logits.ndim == 2:
            return logits
        align = bool(getattr(self.model, 'align_corners', False))
        return F.interpolate(logits, size=pixels.shape[-2:], mode='bilinear', align_corners=align)


def truths(samples: Sequence[Any], size: tuple[int, int], padded: tuple[int, int], ignore_index: int = 255) -> Tensor:
    """The labels that an attack moves away from.

    Args:
        samples: N data samples of either host.
        size: Height and width of the images.
        padded: Height H and width W of what the network gets: padding has no truth.
        ignore_index: Label of pixels without a truth.

    Returns:
        ``(N, H, W)`` int64 for segmentation, ``(N,)`` for classification.

    Raises:
        ValueError: If a sample has no single label.
    """
    labels = [None if sample is None else ground_truth(sample, size) for sample in samples]
    if any(label is None for label in labels):
        raise ValueError('data_samples: expected gt_sem_seg, or a gt_label of one class, on every sample: attacks need '
                         'the truth; is there LoadAnnotations in the test pipeline?')
    stacked = torch.stack([label for label in labels if label is not None])
    if not hasattr(samples[0], 'gt_sem_seg'):
        return stacked.reshape(-1)
    return F.pad(stacked, (0, padded[1] - size[1], 0, padded[0] - size[0]), value=ignore_index)


def require_pixels(model: nn.Module, batch: Mapping[str, Any]) -> None:
    """Refuse images of which nothing says that they are of [0, 255].

    Args:
        model: The model, not wrapped.
        batch: As the data loader gives it.

    Raises:
        ValueError: If the images are no integers and the data preprocessor has no mean and std.
    """
    kinds = {image.dtype for image in batch['inputs']}
    if not isinstance(getattr(model.data_preprocessor, 'mean', None), Tensor) and kinds != {torch.uint8}:
        raise ValueError(f'inputs: expected uint8, or a data preprocessor with mean and std, got {kinds}: attacks need '
                         'to know the range of the values; normalise in the data preprocessor, and not in the pipeline')


def _require_servable(model: nn.Module) -> None:
    head = getattr(model, 'decode_head', None)
    if any(type(part).__name__ == 'PointHead' for part in (head if isinstance(head, nn.ModuleList) else [])):
        raise TypeError(f'{type(model).__name__} refines its prediction at points, and has no logits of these: it '
                        'cannot be attacked')
    if hasattr(head, 'num_queries'):
        raise TypeError(f'{type(model).__name__} classifies masks: it has no logits of pixels to attack')
    mode = (getattr(model, 'test_cfg', None) or {}).get('mode', 'whole')
    if mode != 'whole':
        raise TypeError(f"{type(model).__name__} predicts by {mode}, where attacks follow the gradient of the whole "
                        "image and would be weaker than they say: set model.test_cfg.mode='whole'")


def _normalisation(model: nn.Module, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """By what inputs are multiplied, and what is then added, to get pixels in [0, 1]; ``(C or 1, 1, 1)`` each."""
    preprocessor = model.data_preprocessor
    mean, std = (getattr(preprocessor, name, None) for name in ('mean', 'std'))
    if not isinstance(mean, Tensor) or not isinstance(std, Tensor):
        mean, std = inputs.new_zeros(1, 1, 1), inputs.new_ones(1, 1, 1)
    return std.to(inputs) / 255, mean.to(inputs) / 255
