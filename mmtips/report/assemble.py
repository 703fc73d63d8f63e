# Copyright (c) mmtips authors. All rights reserved.
"""From a finished shift evaluation to its result and pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.runner import Runner, autocast

from mmtips.evaluation import ShiftTestLoop
from mmtips.evaluation.exhibits import flicker_exhibits, mixing_layers
from mmtips.evaluation.images import data_digest
from mmtips.report.cost import measure_cost
from mmtips.report.figures import write_examples, write_gallery, write_layers
from mmtips.report.results import shift_result
from mmtips.report.schemas import Result
from mmtips.wrappers import unwrap


def assemble_result(runner: Runner, metrics: dict[str, float], name: str, config: str, checkpoint: Path, folder: Path,
                    *, skipped: Sequence[str] = (), examples: int = 6,
                    robustness: dict[str, Any] | None = None, downsampler: dict[str, Any] | None = None,
                    cfg_options: dict[str, Any] | None = None) -> Result:
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
        downsampler: Config of the operator, of a recipe that takes any.
        cfg_options: What overrode the config.

    Returns:
        A valid result.
    """
    loop, model = runner.test_loop, unwrap(runner.model)
    dataset, classes = loop.dataloader.dataset, loop.classes
    data = dict(dataset=str(runner.cfg.test_dataloader.dataset.type), images=len(dataset), skipped=list(skipped),
                classes=len(classes.names), background=classes.background, ignore_index=classes.ignore_index,
                border=classes.border)
    digest = data_digest(dataset)
    data |= {} if digest is None else dict(digest=digest)
    figures = _draw(loop, model, dataset.metainfo.get('palette') or [], folder, min(examples, len(dataset)))
    return shift_result(name, config, checkpoint, data, _cost(runner, model, loop.image_shape), metrics, loop.protocols,
                        loop.metric.summaries, figures=figures, robustness=robustness,
                        downsampler=downsampler, cfg_options=cfg_options)


def _cost(runner: Runner, model: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    try:
        return measure_cost(model, (shape[0], shape[1], shape[2]))
    except Exception as error:  # what was measured before is worth more
        runner.logger.warning(f'{type(model).__name__} cannot be run for its cost alone, which stays empty: {error}')
        return dict(parameters=sum(p.numel() for p in model.parameters()), gmacs=None, input_shape=list(shape),
                    latency_ms=None)


def _draw(loop: ShiftTestLoop, model: Any, palette: Any, folder: Path, count: int) -> dict[str, Any]:
    if count == 0:
        return dict(examples={}, gallery=[], layers=[])
    protocol = loop.protocols[0]
    with autocast(enabled=loop.fp16):  # as measured
        examples, gallery = flicker_exhibits(loop, range(count), loop.metric.flickering(protocol.name, count), protocol)
        layers = mixing_layers(loop, 0)
    return dict(examples=write_examples(examples, model, palette, folder),
                gallery=write_gallery(gallery, model, palette, folder), layers=write_layers(layers, folder))
