# Copyright (c) mmtips authors. All rights reserved.
"""One image under measurement: the predictions of its views, where they lie on the image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mmtips.evaluation.adapters import batch_samples, ground_truth, predict_labels, predict_scores, sample_name
from mmtips.evaluation.protocols import ShiftProtocol
from mmtips.evaluation.regions import Classes, Regions, find_regions
from mmtips.evaluation.views import place_on_canvas, render_view, undo_fraction

#: How many pixels of views go through the model at once: 64 views of 128 x 128, one of a megapixel.
PIXELS_AT_ONCE = 2**20


@dataclass(frozen=True)
class Subject:
    """An image that is being measured.

    Views of one image are never batched with those of another, so that figures depend on neither the batch size nor
    on how images are spread over processes.

    Attributes:
        model: The model in eval, not wrapped.
        image: ``(C, H, W)``, preprocessed.
        regions: Its ground truth; of one pixel for classification.
        index: Its index in the data set.
        name: Its file.
    """

    model: nn.Module
    image: Tensor
    regions: Regions
    index: int
    name: str

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.image.shape[-2], self.image.shape[-1]

    def predictions(self, shifts: Tensor, protocol: ShiftProtocol) -> Iterator[Tensor]:
        """Predict views, each once, and put the labels where they belong on the image.

        Args:
            shifts: ``(V, 2)`` int64, the shifts of the views.
            protocol: The protocol.

        Yields:
            ``(H, W)`` int64 labels for each view, in order; ``(1, 1)`` for classification.

        Raises:
            ValueError: If the shifts do not fit the image.
            FloatingPointError: If a prediction is not finite.
            RuntimeError: If the model cannot process a view.
        """
        for chunk in self._chunks(shifts, protocol):
            views = torch.stack([render_view(self.image, shift, protocol) for shift in chunk])
            for labels, shift in zip(self._labels(views, chunk, protocol), chunk, strict=True):
                # A class has no place on the image.
                yield labels if labels.shape == (1, 1) else place_on_canvas(labels, shift, protocol, self.size)

    def _chunks(self, shifts: Tensor, protocol: ShiftProtocol) -> Sequence[Tensor]:
        try:
            height, width = protocol.view_size(self.size)
        except ValueError as error:
            raise ValueError(f'{self.name}: {error}') from error
        return shifts.split(max(1, PIXELS_AT_ONCE // (height * width)))

    def _labels(self, views: Tensor, shifts: Tensor, protocol: ShiftProtocol) -> Tensor:
        try:
            if protocol.subpixel == 1:
                return predict_labels(self.model, views)
            scores = predict_scores(self.model, views)
            undone = (undo_fraction(of, shift, protocol) for of, shift in zip(scores, shifts, strict=True))
            return torch.stack([of.argmax(0) for of in undone])
        except (ValueError, FloatingPointError) as error:
            raise type(error)(f'{self.name}: {error}') from error
        except (RuntimeError, AssertionError) as error:  # the hosts assert sizes
            raise RuntimeError(f'{self.name}: the model fails on {protocol.name} views of {views.shape[-2]} x '
                               f'{views.shape[-1]} pixels: if they are too small for its strides, lower max_shift, and '
                               f'if it takes multiples of a size alone, set size_divisor ({error})') from error


def subjects(model: nn.Module, data: dict[str, Any], size: tuple[int, int], indices: Sequence[int],
             classes: Classes) -> list[Subject]:
    """The images of a preprocessed batch, without what the data preprocessor padded them with.

    Args:
        model: The model in eval, not wrapped.
        data: ``inputs`` (N, C, H, W) and ``data_samples``.
        size: Height and width of the images, at most H and W.
        indices: The N indices of the images in the data set.
        classes: What the labels mean.

    Returns:
        N subjects.
    """
    images = data['inputs'][..., :size[0], :size[1]]
    result = []
    for image, sample, index in zip(images, batch_samples(data, len(images)), indices, strict=True):
        truth = None if sample is None else ground_truth(sample, size)
        regions = find_regions(truth, classes, size, image.device)
        result.append(Subject(model, image, regions, index, sample_name(sample, index)))
    return result
