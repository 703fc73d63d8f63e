# Copyright (c) mmtips authors. All rights reserved.
"""What chosen layers of TIPS give out, and how they mix the phases."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image
from torch import Tensor

from mmtips.report.figures.galleries import new_place
from mmtips.report.figures.style import COLORS, NARROW, SMALL, calm, new_figure, rendered


def paint_features(features: Tensor) -> np.ndarray:
    """Paint the mean over the channels of a feature map.

    Args:
        features: ``(C, H, W)``, finite.

    Returns:
        ``(h, w, 3)`` uint8, dark for the least and bright for the largest mean; every value is a square of pixels, so
        large that the longer side has at least 192.
    """
    mean = features.detach().float().mean(dim=0).cpu().numpy()
    span = float(mean.max() - mean.min())
    scaled = (mean - mean.min()) / span if span else np.zeros_like(mean)
    painted = (matplotlib.colormaps['cividis'](scaled)[..., :3] * 255).round().astype(np.uint8)
    factor = max(1, math.ceil(192 / max(mean.shape)))
    return painted.repeat(factor, axis=0).repeat(factor, axis=1)


def weight_figure(weights: Tensor) -> Figure:
    """Draw how a layer mixes the phases of its windows.

    Args:
        weights: ``(C, s * s)``, the weight of each phase, row by row, for each channel.

    Returns:
        The figure: above, the mean over the channels with the range that holds the middle half of them, and dashed what
        all phases would have if they were averaged; below, every channel as a row.

    Raises:
        ValueError: If the number of phases is no square.
    """
    values = weights.detach().float().cpu().numpy()
    phases = values.shape[1]
    stride = math.isqrt(phases)
    if stride * stride != phases:
        raise ValueError(f'weights: expected s * s phases, got {phases}: give (C, s * s), of windows with equal sides')
    figure = new_figure(NARROW, 3.6)
    bars, picture = figure.subplots(2, 1, height_ratios=(1, 1.2))
    mean, (low, high) = values.mean(axis=0), np.quantile(values, (0.25, 0.75), axis=0)
    bars.bar(range(phases), mean, 0.7, color=COLORS[0])
    bars.vlines(range(phases), low, high, color='#222222', linewidth=1)
    bars.axhline(1 / phases, color='#666666', linestyle='--', linewidth=0.9)
    calm(bars)
    bars.set_ylabel('mean weight', fontsize=SMALL)
    shown = picture.imshow(values, aspect='auto', cmap='cividis', interpolation='nearest')
    picture.set_ylabel('channel', fontsize=SMALL)
    picture.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    picture.set_xlabel('phase of the window: row, column', fontsize=SMALL)
    for axes in (bars, picture):
        axes.set_xticks(range(phases), [f'{phase // stride}, {phase % stride}' for phase in range(phases)])
        axes.tick_params(labelsize=SMALL, color='#999999')
    picture.set_frame_on(False)
    bar: Any = figure.colorbar(shown, ax=picture, aspect=12)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)
    return figure


def write_layers(entries: Sequence[Mapping[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Write pictures of what chosen layers give out and of how they mix.

    Args:
        entries: One dict for each layer: ``path`` and ``operator`` as texts, ``features`` ``(C, H, W)`` that it gives
            out, and ``weights`` ``(C, s * s)`` of the phases of its windows.
        folder: Where to: into ``figures/<date and time>`` in it.

    Returns:
        The ``figures.layers`` of a result.
    """
    place = new_place()
    layers = []
    for rank, entry in enumerate(entries):
        panels = {panel: (place / f'layer_{rank:02d}_{panel}.png').as_posix() for panel in ('features', 'weights')}
        (folder / place).mkdir(parents=True, exist_ok=True)
        Image.fromarray(paint_features(entry['features'])).save(folder / panels['features'])
        (folder / panels['weights']).write_bytes(rendered(weight_figure(entry['weights']), 'png'))
        layers.append(dict(path=str(entry['path']), operator=str(entry['operator']), panels=panels))
    return layers
