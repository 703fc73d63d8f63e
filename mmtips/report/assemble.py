# Copyright (c) mmtips authors. All rights reserved.
"""From a finished shift evaluation to its result and pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.runner import Runner

from mmtips.evaluation import ShiftTestLoop
from mmtips.evaluation.exhibits import flicker_examples, flicker_gallery, mixing_layers
from mmtips.report.cost import measure_cost
from mmtips.report.figures import write_examples, write_gallery, write_layers
from mmtips.report.results import shift_result
from mmtips.report.schemas import Result
from mmtips.wrappers import unwrap


def assemble_result(runner: Runner, metrics: dict[str, float], name: str, config: str, checkpoint: Path, folder: Path,
                    *, skipped: Sequence[str] = (), examples: int = 6,
                    robustness: dict[str, Any] | None = None) -> Result:
    """Look up the images that a report shows, measure the cost, and assemble the result.

    Args:
        runner: The runner whose ``ShiftTestLoop`` has run; on the main process.
        metrics: What it returned.
        name: What the model is called in tables.
        config: Name of the config.
        checkpoint: The checkpoint file.
        folder: Where the result will lie: pictures go into ``figures`` in it.
        skipped: A line for each image that was left out.
        examples: How many of the first images, and of those that flicker most, are drawn.
        robustness: What :func:`mmtips.robustness.robustness_study` returned.

    Returns:
        A valid result.
    """
    loop, model = runner.test_loop, unwrap(runner.model)
    dataset, classes = loop.dataloader.dataset, loop.classes
    data = dict(dataset=str(runner.cfg.test_dataloader.dataset.type), images=len(dataset), skipped=list(skipped),
                classes=len(classes.names), background=classes.background, ignore_index=classes.ignore_index,
                border=classes.border)
    figures = _draw(loop, model, dataset.metainfo.get('palette') or [], folder, min(examples, len(dataset)))
    return shift_result(name, config, checkpoint, data, measure_cost(model, loop.image_shape), metrics, loop.protocols,
                        loop.metric.summaries, figures=figures, robustness=robustness,
                        downsampler=runner.cfg.get('downsampler'))


def _draw(loop: ShiftTestLoop, model: Any, palette: Any, folder: Path, count: int) -> dict[str, Any]:
    if count == 0:
        return dict(examples={}, gallery=[], layers=[])
    protocol = loop.protocols[0]
    gallery = flicker_gallery(loop, loop.metric.flickering(protocol.name, count), protocol)
    return dict(examples=write_examples(flicker_examples(loop, range(count), protocol), model, palette, folder),
                gallery=write_gallery(gallery, model, palette, folder),
                layers=write_layers(mixing_layers(loop, 0), folder))
