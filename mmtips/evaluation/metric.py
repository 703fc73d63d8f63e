# Copyright (c) mmtips authors. All rights reserved.
"""Our measures as a metric of the hosts: collects counts over images and processes, then summarises."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmengine.registry import METRICS
from torch import Tensor

from mmtips.evaluation.measures import Measure
from mmtips.evaluation.subject import Subject

#: The counts of one image: by the name of the measure, and ``index``, its place in the data set.
Record = dict[str, Tensor]


@METRICS.register_module()
class ShiftConsistency(BaseMetric):
    """What the measures of a shift loop say.

    A metric sees one prediction of an image, and these measures need several: the shift loops record the counts. They
    add it to the evaluator themselves; it is in no config.

    Args:
        measures: The measures.
        collect_device: Where mmengine gathers the counts of all processes, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the names.
    """

    default_prefix = 'shift'

    def __init__(self, measures: Sequence[Measure] = (), collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.measures = {measure.name: measure for measure in measures}
        #: After the evaluation, on the main process: what every measure says, by its name; the counts of all images.
        self.summaries: dict[str, dict[str, Any]] = {}
        self.records: list[Record] = []

    def record(self, subject: Subject) -> None:
        """Measure one image."""
        counts = {name: measure.count(subject) for name, measure in self.measures.items()}
        self.results.append({'index': torch.tensor(subject.index),
                             **{name: count for name, count in counts.items() if count is not None}})

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Nothing: ordinary predictions do not matter here."""

    def compute_metrics(self, results: list[Record]) -> dict[str, float]:
        """Summarise.

        Args:
            results: The counts of all images.

        Returns:
            The estimates of the summaries: ``<measure>/<row>`` in percent, with ``_low`` and ``_high``.
        """
        self.records = sorted(results, key=lambda record: int(record['index']))  # whichever process measured them
        self.summaries = {}
        for name, measure in self.measures.items():
            counts = [record[name] for record in self.records if name in record]
            if counts:
                self.summaries[name] = measure.summary(torch.stack(counts))
        return {key: value for name, summary in self.summaries.items()
                for row, estimate in summary.items() if isinstance(estimate, dict) and 'value' in estimate
                for key, value in ((f'{name}/{row}', estimate['value']), (f'{name}/{row}_low', estimate['low']),
                                   (f'{name}/{row}_high', estimate['high']))}

    def flickering(self, protocol: str, count: int) -> list[int]:
        """The images whose views agree least.

        Args:
            protocol: Under which protocol.
            count: How many at most.

        Returns:
            Their indices in the data set, the worst first; images of which all views agree are none of them.
        """
        shares = {int(record['index']): (record[protocol][0, 0] / record[protocol][0, 1]).item()
                  for record in self.records if protocol in record}
        worst_first = sorted(shares.items(), key=lambda item: (item[1], item[0]))
        return [index for index, share in worst_first if share < 1][:count]
