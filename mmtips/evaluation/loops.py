# Copyright (c) mmtips authors. All rights reserved.
"""Validation and test loops that measure shift consistency beside the ordinary metrics."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import LOOPS
from mmengine.runner import BaseLoop, TestLoop, ValLoop, autocast
from torch import Tensor, nn

from mmtips.evaluation.adapters import batch_samples, ground_truth, predict_labels
from mmtips.evaluation.consistency import count_agreement
from mmtips.evaluation.metric import ShiftConsistency
from mmtips.evaluation.shifts import UNSEEN, ShiftProtocol, draw_shift_pairs, place_on_canvas, render_view
from mmtips.wrappers import unwrap


class ShiftMeasure:
    """Measures the images of a batch under several protocols.

    Args:
        protocols: The protocols.
        num_classes: Number of classes K.
        background: The class that is no foreground, or None.
        ignore_index: Label of pixels without a ground truth.
        examples: Of how many of the first images the flicker maps are kept, for figures.
    """

    def __init__(self, protocols: Sequence[ShiftProtocol], num_classes: int, background: int | None,
                 ignore_index: int, examples: int) -> None:
        self.protocols = protocols
        self.num_classes = num_classes
        self.background = background
        self.ignore_index = ignore_index
        self.max_examples = examples
        self.examples: dict[int, dict[str, Any]] = {}
        #: Channels, height and width of the images on the network's grid, once one was measured.
        self.image_shape: tuple[int, ...] = ()

    def measure(self, model: nn.Module, data: dict[str, Any], indices: Sequence[int]) -> list[dict[str, Tensor]]:
        """Count the agreement of the views of every image.

        Args:
            model: The model in eval, not wrapped.
            data: A preprocessed batch: ``inputs`` (N, C, H, W) and ``data_samples``.
            indices: The N indices of the images in the data set.

        Returns:
            For every image and protocol a table ``(3 + K, 2)``; ``(3, 2)`` for classification.
        """
        images = data['inputs']
        size = tuple(images.shape[-2:])
        self.image_shape = tuple(images.shape[1:])
        samples = batch_samples(data, len(images))
        truths = [None if sample is None else ground_truth(sample, size, self.ignore_index) for sample in samples]
        counts: list[dict[str, Tensor]] = [{} for _ in images]
        for protocol in self.protocols:
            protocol.view_size(size)  # raises if the shifts do not fit
            shifts = torch.stack([draw_shift_pairs(protocol, index) for index in indices])
            for pair in range(protocol.pairs):
                first, second = (self._predict(model, images, shifts[:, pair, view], protocol) for view in (0, 1))
                classes = 0 if first[0].shape == (1, 1) else self.num_classes
                for n, index in enumerate(indices):
                    agreement = count_agreement(first[n], second[n], truths[n], classes, self.background,
                                                self.ignore_index)
                    counts[n][protocol.name] = counts[n].get(protocol.name, 0) + agreement
                    if index < self.max_examples:
                        self._keep(index, images[n], truths[n], protocol, first[n], second[n])
        return counts

    @staticmethod
    def _predict(model: nn.Module, images: Tensor, shifts: Tensor, protocol: ShiftProtocol) -> list[Tensor]:
        views = torch.stack([render_view(image, shift, protocol) for image, shift in zip(images, shifts, strict=True)])
        labels = predict_labels(model, views)
        if labels.shape[-2:] == (1, 1):  # a class has no place on the image
            return list(labels)
        size = (images.shape[-2], images.shape[-1])
        return [place_on_canvas(map_, shift, protocol, size) for map_, shift in zip(labels, shifts, strict=True)]

    def _keep(self, index: int, image: Tensor, truth: Tensor | None, protocol: ShiftProtocol, first: Tensor,
              second: Tensor) -> None:
        example = self.examples.setdefault(index, dict(image=image.cpu(), truth=truth, protocols={}))
        kept = example['protocols'].setdefault(protocol.name, dict(differ=0, seen=0, prediction=first.cpu()))
        seen = (first != UNSEEN) & (second != UNSEEN)
        kept['seen'] = kept['seen'] + seen.cpu().int()
        kept['differ'] = kept['differ'] + (seen & (first != second)).cpu().int()


class _ShiftLoop(BaseLoop):
    """What the two loops share; mixed in before a host loop, whose ordinary metrics go on as they are.

    Args:
        runner: The runner.
        dataloader: As in the host loop.
        evaluator: As in the host loop.
        fp16: As in the host loop.
        protocols: Config of each protocol, see :class:`mmtips.evaluation.ShiftProtocol`; by default both, with its
            defaults.
        background: Index of the class that is no foreground; by default the class named ``background``, if any.
        ignore_index: Label of pixels without a ground truth; by default the data set's own, or 255.
        examples: Of how many images the flicker maps are kept in ``self.measure.examples``.
    """

    evaluator: Evaluator
    fp16: bool

    def __init__(self,
                 runner: Any,
                 dataloader: Any,
                 evaluator: Any,
                 fp16: bool = False,
                 *,
                 protocols: Sequence[dict] = (dict(name='standard'), dict(name='circular')),
                 background: int | None = None,
                 ignore_index: int | None = None,
                 examples: int = 0) -> None:
        super().__init__(runner, dataloader, evaluator, fp16)
        self.protocols = [ShiftProtocol(**protocol) for protocol in protocols]
        classes = list((self.dataloader.dataset.metainfo or {}).get('classes') or ())
        if not classes:
            raise ValueError(f'{type(self).__name__}: the data set has no class names (metainfo["classes"]), which '
                             'shift consistency is counted by: set metainfo=dict(classes=...) on it')
        if background is None and 'background' in classes:
            background = classes.index('background')
        if ignore_index is None:
            ignore_index = getattr(self.dataloader.dataset, 'ignore_index', 255)
        self.measure = ShiftMeasure(self.protocols, len(classes), background, ignore_index, examples)
        self.metric = ShiftConsistency()
        self.metric.dataset_meta = self.dataloader.dataset.metainfo
        self.evaluator.metrics.append(self.metric)

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Run the host's iteration, then measure the same batch."""
        super().run_iter(idx, data_batch)
        model = unwrap(self.runner.model)
        data = cast(nn.Module, model.data_preprocessor)(data_batch, False)
        with autocast(enabled=self.fp16):
            counts = self.measure.measure(model, data, self._indices(idx, len(data['inputs'])))
        for image_counts in counts:
            self.metric.record(image_counts)

    def _indices(self, idx: int, count: int) -> list[int]:
        """The indices, in the data set, of the images of this process' batch ``idx``."""
        start = idx * self.dataloader.batch_size
        return [int(index) for index in list(self.dataloader.sampler)[start:start + count]]


@LOOPS.register_module()
class ShiftTestLoop(_ShiftLoop, TestLoop):
    """mmengine's test loop plus shift consistency: ``test_cfg = dict(type='ShiftTestLoop')``."""

    __doc__ = f'{__doc__}\n\n{_ShiftLoop.__doc__}'


@LOOPS.register_module()
class ShiftValLoop(_ShiftLoop, ValLoop):
    """mmengine's validation loop plus shift consistency: ``val_cfg = dict(type='ShiftValLoop')``."""

    __doc__ = f'{__doc__}\n\n{_ShiftLoop.__doc__}'
