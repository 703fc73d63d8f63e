# Copyright (c) mmtips authors. All rights reserved.
"""Pictures inside the page: charts that are drawn for it, and files that lie beside a result."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from PIL import Image

from mmtips.report.figures import CHARTS
from mmtips.report.figures.style import NARROW, WIDE, rendered
from mmtips.report.schemas import Result

#: Longest side of a picture in the page, in pixels; larger ones are shrunk, their files stay as they are.
LARGEST = 640
#: Pictures of few colours, which must not be blended into others.
LABELS = ('truth', 'prediction', 'prediction_a', 'prediction_b', 'difference')


@dataclass(frozen=True)
class Picture:
    """A picture ready to be shown: its address, what is seen on it, and its size in pixels."""

    source: str
    alt: str
    width: int
    height: int
    narrow: str = ''


def data_uri(content: bytes, kind: str) -> str:
    """The content of a file as an address that needs no file."""
    return f'data:image/{kind};base64,{base64.b64encode(content).decode()}'


def embed(path: Path, alt: str, panel: str = '') -> Picture:
    """Take the picture of a file into the page.

    Args:
        path: A PNG file.
        alt: What is seen on it.
        panel: Its name; those of :data:`LABELS` keep their colours.

    Returns:
        The picture: as it is if no side is above :data:`LARGEST`, else shrunk.
    """
    with Image.open(path) as image:
        if max(image.size) <= LARGEST:
            return Picture(data_uri(path.read_bytes(), 'png'), alt, *image.size)
        factor = LARGEST / max(image.size)
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        labels = panel in LABELS
        small = image.convert('RGB').resize(size, Image.Resampling.NEAREST if labels else Image.Resampling.LANCZOS)
    stream, kind = io.BytesIO(), 'png' if labels else 'jpeg'
    small.save(stream, kind, quality=88)
    return Picture(data_uri(stream.getvalue(), kind), alt, *size)


def draw_charts(results: Sequence[Result]) -> dict[str, Picture]:
    """Draw every chart that the results have figures for, once for a wide and once for a narrow window."""
    def svg(draw: Callable[..., Figure], width: float) -> tuple[str, tuple[int, int]]:
        figure = draw(results, width)
        size = [round(96 * inches) for inches in figure.get_size_inches()]
        return data_uri(rendered(figure, 'svg'), 'svg+xml'), (size[0], size[1])

    charts = {}
    for name, chart in CHARTS.items():
        if chart.applies(results):
            wide, size = svg(chart.draw, WIDE)
            charts[name] = Picture(wide, chart.describe(results), *size, narrow=svg(chart.draw, NARROW)[0])
    return charts


def examples(results: Sequence[Result], folders: Sequence[Path]) -> list[list[dict[str, Picture]]]:
    """For each example that every result has pictures of, the panels of each result."""
    files = [{example: {panel: folder / name for panel, name in panels.items()}
              for example, panels in result['figures']['examples'].items()}
             for result, folder in zip(results, folders, strict=True)]
    present = [{example for example, panels in of.items() if all(path.is_file() for path in panels.values())}
               for of in files]
    alts = dict(image='Image {0} of the test set', truth='Ground truth of image {0}',
                prediction='What {1} predicts for image {0}',
                flicker='Where the predictions of {1} for image {0} flicker')
    return [[{panel: embed(path, alts[panel].format(example, result['name']), panel)
              for panel, path in of[example].items()} for result, of in zip(results, files, strict=True)]
            for example in sorted(set.intersection(*present))]


def gallery(result: Result, folder: Path) -> list[dict[str, Any]]:
    """The images of one result that flicker most, each with its panels; those whose files are missing are left out."""
    shown = []
    for item in result['figures']['gallery']:
        a, b = (_moved(shift) for shift in item['shifts'])
        differ = 100 - item['agreement']
        alts = dict(view_a=f"View A of {item['image']}: {a}", view_b=f"View B of {item['image']}: {b}",
                    prediction_a=f"Prediction for view A, by {result['name']}",
                    prediction_b=f"Prediction for view B, by {result['name']}",
                    difference=f'Yellow where the predictions differ: {differ:.1f} % of the pixels both views see',
                    truth=f"Ground truth of {item['image']}")
        panels = _panels(item['panels'], alts, folder)
        if panels:
            shown.append(dict(item, views=f'A: {a}; B: {b}', panels=panels))
    return shown


def layers(result: Result, folder: Path) -> list[dict[str, Any]]:
    """The chosen layers of one result with their panels; those whose files are missing are left out."""
    shown = []
    for layer in result['figures']['layers']:
        what = f"{layer['operator']} at {layer['path']}"
        alts = dict(features=f'Mean over the channels of the features psi of {what}, bright where it is large',
                    weights=f'Bars of the mean weight of each phase in {what}, and below the weights of every channel')
        panels = _panels(layer['panels'], alts, folder)
        if panels:
            shown.append(dict(layer, panels=panels))
    return shown


def _panels(files: Mapping[str, str], alts: Mapping[str, str], folder: Path) -> dict[str, Picture]:
    if not all((folder / name).is_file() for name in files.values()):
        return {}
    return {panel: embed(folder / files[panel], alt, panel) for panel, alt in alts.items() if panel in files}


def _moved(shift: Sequence[float]) -> str:
    down, right = shift
    return f'{down:g} px down and {right:g} px to the right'
