# Copyright (c) mmtips authors. All rights reserved.
"""The figures of the report beside the curves of a training."""

from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner, autocast

from mmtips.arguments import check_integer
from mmtips.evaluation import ShiftValLoop
from mmtips.evaluation.exhibits import flicker_exhibits
from mmtips.wrappers import unwrap


@HOOKS.register_module()
class ShiftFiguresHook(Hook):
    """Hand the charts of every validation, and where predictions flicker, to the runner's visualizer.

    TensorBoard and the other backends of ``visualizer=dict(vis_backends=[...])`` show them as images ``shift_*``, by
    iteration. Needs ``val_cfg = dict(type='ShiftValLoop')``.

    Args:
        examples: Of how many of the first images the flicker is shown.

    Raises:
        ValueError: If ``examples`` is negative.
    """

    priority = 'ABOVE_NORMAL'  # before averaged weights are taken out again

    def __init__(self, examples: int = 2) -> None:
        self.examples = check_integer('examples', examples, 0)

    def before_val(self, runner: Runner) -> None:
        """Check the loop.

        Raises:
            TypeError: If it measures no shift consistency.
        """
        if not isinstance(runner.val_loop, ShiftValLoop):
            raise TypeError("ShiftFiguresHook: expected val_cfg = dict(type='ShiftValLoop'), got "
                            f'{type(runner.val_loop).__name__}')

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Draw."""
        if not is_main_process():
            return
        # Trainings that draw nothing need not load what draws.
        from mmtips.report import measurements
        from mmtips.report.figures import CHARTS, NARROW, paint_example
        loop: Any = runner.val_loop
        result = dict(name=f'iteration {runner.iter}', robustness=None,
                      **measurements(loop.protocols, loop.metric.summaries))
        for name, chart in CHARTS.items():
            if chart.applies([result]):
                self._add(runner, name, _pixels(chart.draw([result], NARROW)))
        indices = range(min(self.examples, len(loop.dataloader.dataset)))
        palette = loop.dataloader.dataset.metainfo.get('palette') or []
        with autocast(enabled=loop.fp16):  # as measured
            examples, _ = flicker_exhibits(loop, indices, [], loop.protocols[0])
        for index, example in examples.items():
            panels = paint_example(example, unwrap(runner.model), palette)
            if panels:
                self._add(runner, f'flicker_{index:02d}', _two_by_two(list(panels.values())))

    @staticmethod
    def _add(runner: Runner, name: str, picture: np.ndarray) -> None:
        runner.visualizer.add_image(f'shift_{name}', picture, step=runner.iter)


def _two_by_two(panels: list[np.ndarray]) -> np.ndarray:
    """Four pictures of one size, each in a white frame."""
    framed = [np.pad(panel, ((2, 2), (2, 2), (0, 0)), constant_values=255) for panel in panels]
    return np.concatenate([np.concatenate(framed[:2], axis=1), np.concatenate(framed[2:], axis=1)])


def _pixels(figure: Any) -> np.ndarray:
    """A narrow figure, since TensorBoard's miniatures are narrow, with pixels enough to be enlarged."""
    figure.set_dpi(200)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
