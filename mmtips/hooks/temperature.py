# Copyright (c) mmtips authors. All rights reserved.
"""The schedule of the temperature at which learned selection mixes phases in training."""

from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmtips.downsampling import LearnedChooser
from mmtips.wrappers import unwrap

#: 1 at first, then 0.5, 0.05 and 0.01 after 62, 82 and 90 of 90 epochs.
IMAGENET = ((0, 1), (62 / 90, 0.5), (82 / 90, 0.05), (1, 0.01))


@HOOKS.register_module()
class LPSTemperatureHook(Hook):
    """Lower the temperature of LPS, and of TIPS with a learned anchor, in the course of the training.

    The temperature follows from the iteration alone: a resumed run has that of an uninterrupted one.

    Args:
        points: Pairs (share of the training in [0, 1], temperature > 0), joined by straight lines. The default is the
            published one for ImageNet.

    Raises:
        ValueError: If the points are not at least one, in ascending order, and in their range.
    """

    def __init__(self, points: Sequence[Sequence[float]] = IMAGENET) -> None:
        shares = [share for share, _ in points]
        if not points or shares != sorted(shares) or not all(0 <= share <= 1 and value > 0 for share, value in points):
            raise ValueError('LPSTemperatureHook: points: expected pairs (share of the training from 0 to 1, '
                             f'temperature above 0) in ascending order, got {points!r}')
        self.points = [(float(share), float(value)) for share, value in points]

    def before_train(self, runner: Runner) -> None:
        """Refuse a model in which nothing would change."""
        if not any(isinstance(module, LearnedChooser) for module in unwrap(runner.model).modules()):
            raise ValueError('LPSTemperatureHook: the model selects no phase by learned logits: give its backbone '
                             "downsampler=dict(type='LPS'), or take the hook out of custom_hooks")

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:  # noqa: ARG002
        """Set the temperature of this step."""
        value = self.temperature(runner.iter / runner.max_iters)
        for module in unwrap(runner.model).modules():
            if isinstance(module, LearnedChooser):
                module.temperature.fill_(value)

    def temperature(self, share: float) -> float:
        """The temperature after a share of the training."""
        if share <= self.points[0][0]:
            return self.points[0][1]
        for (start, first), (end, last) in zip(self.points, self.points[1:], strict=False):
            if share < end:
                return first + (last - first) * (share - start) / (end - start)
        return self.points[-1][1]
