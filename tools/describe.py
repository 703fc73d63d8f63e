# Copyright (c) mmtips authors. All rights reserved.
"""Show every stride from pixels to logits, before and after the exchange: python tools/describe.py CONFIG."""

import argparse
import logging
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.logging import MMLogger
from mmengine.registry import MODELS, init_default_scope
from torch import nn

import mmtips  # noqa: F401 - mends the stack before the config is read
from mmtips import cli
from mmtips.backbones import stock_config
from mmtips.inspection import describe
from mmtips.report import strides


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    cli.add_host_arguments(parser)
    parser.add_argument('--size', type=int, nargs='+', metavar='N', help='height and width of the image, or one number '
                        'for both (default: what the config crops or resizes to, or 224)')
    parser.add_argument('--json', type=Path, help='write all figures here')
    parser.add_argument('--figure', type=Path, help='draw the way from pixels to logits into this PNG, PDF or SVG file')
    return parser.parse_args()


def image_size(config: Config, size: list[int] | None) -> tuple[int, int]:
    """The size that was asked for, or that of the config's training images."""
    if size is not None and (len(size) > 2 or min(size) < 1):
        raise ValueError(f'--size: expected one or two numbers >= 1, got {size}')
    rows, *columns = size or cli.training_size(config) or (224, )
    return rows, columns[0] if columns else rows


def build(config: Config, model: dict) -> nn.Module:
    """Build a model of the config, without loading weights."""
    init_default_scope(config.get('default_scope', 'mmengine'))
    MMLogger.get_instance('describe', log_level=logging.ERROR)
    return MODELS.build(ConfigDict(model))


def main() -> None:
    """Describe."""
    args = parse_args()
    config = cli.load_config(args)
    size = image_size(config, args.size)
    before, after = (describe(build(config, model), size) for model in (stock_config(config.model), config.model))
    descriptions = dict(network=after) if before == after else dict(before=before, after=after)
    for name, description in descriptions.items():
        print(f'\n{name}\n{strides.stride_table(description)}')
    print(f'\n{strides.LEGEND}')
    if args.json is not None:
        strides.write_strides(descriptions, args.json)
    if args.figure is not None:
        strides.draw_strides(descriptions, args.figure)
    for path in filter(None, (args.json, args.figure)):
        print(path)


if __name__ == '__main__':
    main()
