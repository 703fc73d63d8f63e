# Copyright (c) mmtips authors. All rights reserved.
"""Validation and test loops that take our measures beside the ordinary metrics."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.evaluator import Evaluator
from mmengine.registry import LOOPS
from mmengine.runner import BaseLoop, TestLoop, ValLoop, autocast
from torch import nn

from mmtips.arguments import check_integer
from mmtips.evaluation.adapters import image_size
from mmtips.evaluation.images import ignored_label
from mmtips.evaluation.journal import Journal
from mmtips.evaluation.measures import Consistency, GroundTruth, Measure, Sampling, ShiftMap
from mmtips.evaluation.metric import ShiftConsistency
from mmtips.evaluation.order import ImageOrder
from mmtips.evaluation.protocols import ShiftProtocol
from mmtips.evaluation.regions import Classes
from mmtips.evaluation.subject import Subject, subjects
from mmtips.wrappers import unwrap


class _ShiftLoop(BaseLoop):
    """What the two loops share; mixed in before a host loop, whose ordinary metrics go on as they are.

    Args:
        runner: The runner.
        dataloader: As in the host loop.
        evaluator: As in the host loop.
        fp16: As in the host loop.
        protocols: Config of each protocol, see :class:`mmtips.evaluation.ShiftProtocol`; by default standard and
            circular, as they are.
        shift_map: Config of a shift map, see :class:`mmtips.evaluation.ShiftMap`, without its classes; none by default.
        sampling_images: Of how many of the first images sampling bias and aliasing are measured; of none by default.
        background: Index of the class that is no foreground; by default the class named ``background``, if any.
        ignore_index: Label of pixels without a ground truth; by default the data set's own, or 255.
        border: Width of the band along ground-truth borders, in pixels on each side.
        journal: Path of a file, without its suffix, in which every process writes down what it has measured; a loop
            that is started again goes on from there; not while training. It is the caller's to name it after what is
            measured, and to call :meth:`finish`.
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
                 shift_map: dict | None = None,
                 sampling_images: int = 0,
                 background: int | None = None,
                 ignore_index: int | None = None,
                 border: int = 3,
                 journal: str | None = None) -> None:
        super().__init__(runner, dataloader, evaluator, fp16)
        names = tuple((self.dataloader.dataset.metainfo or {}).get('classes') or ())
        if not names:
            raise ValueError(f'{type(self).__name__}: the data set has no class names (metainfo["classes"]), which '
                             'shift consistency is counted by: set metainfo=dict(classes=...) on it')
        check_integer('border', border, 1, more=' (pixels)')
        if background is None and 'background' in names:
            background = names.index('background')
        if ignore_index is None:
            ignore_index = ignored_label(self.dataloader.dataset)
        self.classes = Classes(names, background, ignore_index, border)
        if background is not None and not 0 <= background < len(names):
            raise ValueError(f'background: expected an index of one of the {len(names)} classes, got {background}')
        self.protocols = [ShiftProtocol(**protocol) for protocol in protocols]
        if len({protocol.name for protocol in self.protocols}) < len(self.protocols):
            raise ValueError(f'protocols: expected each name once, got {[p.name for p in self.protocols]}: measure the '
                             'others in a run of their own')
        measures: list[Measure] = [Consistency(protocol, self.classes) for protocol in self.protocols]
        if shift_map is not None:
            measures.append(ShiftMap(classes=self.classes, **shift_map))
        if sampling_images:
            measures.append(Sampling(sampling_images))
        self.metric = ShiftConsistency([*measures, GroundTruth(self.classes)])
        self.evaluator.metrics.append(self.metric)
        self.journal = None if journal is None else Journal(Path(f'{journal}.{get_rank()}of{get_world_size()}.journal'))
        #: Channels, height and width, on the network's grid, of the first image that this process measured.
        self.image_shape: tuple[int, ...] = ()
        self._order = ImageOrder(self.dataloader)

    @property
    def measured(self) -> int:
        """How many batches the journal holds from before."""
        return 0 if self.journal is None else len(self.journal.entries)

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Run the host's iteration, then measure the same batch; or take both from the journal.

        Raises:
            ValueError: If the batch holds images of different sizes, or one image several times.
        """
        indices = self._order.of_batch(idx)
        if idx < self.measured:
            self._replay(idx, indices)
            return
        image_size(data_batch)  # refuses before the host's iteration
        before = [len(metric.results) for metric in self.evaluator.metrics]
        super().run_iter(idx, data_batch)
        for subject in self.subjects(data_batch, indices):
            self.image_shape = self.image_shape or tuple(subject.image.shape)
            with autocast(enabled=self.fp16):
                self.metric.record(subject)
        new = [metric.results[start:] for metric, start in zip(self.evaluator.metrics, before, strict=True)]
        known = {name: measure.known for name, measure in self.metric.measures.items()}
        self._write_down(dict(indices=indices, image_shape=list(self.image_shape), results=new, known=known))

    def _replay(self, idx: int, indices: list[int]) -> None:
        """Take a batch from the journal."""
        journal = cast(Journal, self.journal)
        entry = journal.entries[idx]
        if entry['indices'] != indices:
            raise ValueError(f"{journal.path}: batch {idx} has the images {entry['indices']}, and this run has "
                             f'{indices}: another process wrote there, or the sampler shuffles. Remove it to begin '
                             'anew')
        self.image_shape = tuple(entry['image_shape'])
        for metric, results in zip(self.evaluator.metrics, entry['results'], strict=True):
            metric.results.extend(results)
        for name, known in entry['known'].items():
            self.metric.measures[name].known = known

    def finish(self) -> None:
        """Remove the journal of this process, once what it led to is written."""
        if self.journal is not None:
            self.journal.remove()

    def _write_down(self, entry: dict[str, Any]) -> None:
        if self.journal is None:
            return
        try:
            self.journal.append(entry)
        except TypeError as error:  # a metric of the host, or of the user, keeps more than figures
            self.runner.logger.warning(f'This evaluation cannot go on where it is stopped: {error}')
            self.journal.remove()
            self.journal = None

    def subjects(self, data_batch: Any, indices: Sequence[int]) -> list[Subject]:
        """The images of a collated batch, ready to be measured."""
        model = unwrap(self.runner.model)
        size = image_size(data_batch)
        data = cast(nn.Module, model.data_preprocessor)(data_batch, False)
        return subjects(model, data, size, indices[:len(data['inputs'])], self.classes)


@LOOPS.register_module()
class ShiftTestLoop(_ShiftLoop, TestLoop):
    """mmengine's test loop plus shift consistency: ``test_cfg = dict(type='ShiftTestLoop')``."""

    __doc__ = f'{__doc__}\n\n{_ShiftLoop.__doc__}'


@LOOPS.register_module()
class ShiftValLoop(_ShiftLoop, ValLoop):
    """mmengine's validation loop plus shift consistency: ``val_cfg = dict(type='ShiftValLoop')``."""

    def __init__(self, *args: Any, journal: None = None, **kwargs: Any) -> None:
        if journal is not None:
            raise ValueError('journal: expected none, weights change from one validation to the next')
        super().__init__(*args, **kwargs)

    __doc__ = f'{__doc__}\n\n{_ShiftLoop.__doc__}'
