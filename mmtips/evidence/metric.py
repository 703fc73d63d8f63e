# Copyright (c) mmtips authors. All rights reserved.
"""The mean IoU of the classes that are foreground, which the hosts do not report."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmengine.registry import METRICS
from torch import Tensor

#: The key under which it is returned.
FOREGROUND = 'foreground/mIoU'


@METRICS.register_module()
class ForegroundIoU(BaseMetric):
    """Mean IoU of the classes but ``background``, in percent, beside ``IoUMetric`` of mmseg and counted as there.

    Args:
        collect_device: Where mmengine gathers the counts of all processes, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the name.
    """

    default_prefix = 'foreground'

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:  # noqa: ARG002
        """Count each image of a batch."""
        classes, ignored = len(self._classes()), (self.dataset_meta or {}).get('ignore_index', 255)
        for sample in data_samples:
            predicted, truth = (sample[key]['data'].squeeze() for key in ('pred_sem_seg', 'gt_sem_seg'))
            self.results.append(overlap_counts(predicted.cpu(), truth.cpu(), classes, ignored))

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float]:
        """The mean over the classes that occur.

        Args:
            results: ``(K, 2)`` of each image.

        Returns:
            ``mIoU``, in percent.
        """
        names = self._classes()
        rows = [index for index, name in enumerate(names) if name != 'background']
        return dict(mIoU=100 * mean_iou(torch.stack(results).sum(0)[rows]))

    def _classes(self) -> Sequence[str]:
        return (self.dataset_meta or {}).get('classes') or ()


def overlap_counts(predicted: Tensor, truth: Tensor, classes: int, ignored: int = 255) -> Tensor:
    """How many pixels predictions and ground truth have in common.

    Args:
        predicted: ``(H, W)`` labels.
        truth: ``(H, W)`` labels.
        classes: How many classes K there are.
        ignored: Label of pixels without a ground truth, which count for nothing.

    Returns:
        ``(K, 2)`` int64: for each class the pixels where both say it, and those where one of them does.
    """
    known = truth != ignored
    predicted, truth = predicted[known].long(), truth[known].long()
    both, *single = (torch.bincount(labels, minlength=classes) for labels in
                     (truth[predicted == truth], predicted, truth))
    return torch.stack([both, single[0] + single[1] - both], dim=1)


def mean_iou(counts: Tensor) -> float:
    """The mean intersection over union of the classes that occur, in [0, 1].

    Args:
        counts: ``(K, 2)``, intersection and union.
    """
    counts = counts[counts[:, 1] > 0].double()
    return float((counts[:, 0] / counts[:, 1]).mean())
