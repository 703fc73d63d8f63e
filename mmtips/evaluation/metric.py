# Copyright (c) mmtips authors. All rights reserved.
"""Shift consistency as a metric of the hosts: collects counts over images and processes, then divides."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmengine.registry import METRICS
from torch import Tensor

from mmtips.evaluation.consistency import bootstrap_interval, count_names, ratios


@METRICS.register_module()
class ShiftConsistency(BaseMetric):
    """Percentages of agreement with bootstrap intervals over images.

    A metric sees one prediction of an image, and this measure needs several: the shift loops record its counts. They
    add it to the evaluator themselves; it is in no config.

    Args:
        resamples: Bootstrap samples.
        seed: Seed of the bootstrap.
        collect_device: Where mmengine gathers the counts of all processes, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the names.
    """

    default_prefix = 'shift'

    def __init__(self,
                 resamples: int = 1000,
                 seed: int = 0,
                 collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.resamples = resamples
        self.seed = seed

    def record(self, counts: dict[str, Tensor]) -> None:
        """Add one image.

        Args:
            counts: For each protocol a table ``(3 + K, 2)``, or ``(3, 2)``, see
                :func:`mmtips.evaluation.count_agreement`.
        """
        self.results.append(counts)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Nothing: ordinary predictions do not matter here."""

    def compute_metrics(self, results: list[dict[str, Tensor]]) -> dict[str, float]:
        """Divide the sums.

        Args:
            results: The counts of all images.

        Returns:
            For each protocol and row ``<protocol>/<row>`` in percent, with ``_low`` and ``_high``; rows that nothing
            was counted for are left out.
        """
        known = count_names((self.dataset_meta or {}).get('classes', ()))
        metrics = {}
        for protocol in results[0]:
            counts = torch.stack([counts[protocol] for counts in results])
            names = known[:counts.shape[1]]  # tables of classifiers end before the classes
            values = ratios(counts.sum(0))
            intervals = bootstrap_interval(counts, self.resamples, seed=self.seed)
            for name, value, (low, high) in zip(names, values.tolist(), intervals.tolist(), strict=True):
                if value == value:
                    metrics.update({f'{protocol}/{name}': value,
                                    f'{protocol}/{name}_low': low,
                                    f'{protocol}/{name}_high': high})
        return metrics
