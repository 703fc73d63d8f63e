# Copyright (c) mmtips authors. All rights reserved.
"""Train a model of either host: python tools/train.py CONFIG."""

import argparse

import mmtips  # noqa: F401 - mends the stack before the config is read
from mmtips import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    cli.add_host_arguments(parser)
    parser.add_argument('--resume', nargs='?', const='auto', help='go on from this checkpoint, by default the latest')
    parser.add_argument('--amp', action='store_true', help='mixed precision (needs a GPU)')
    return parser.parse_args()


def main() -> None:
    """Train."""
    args = parse_args()
    config = cli.load_config(args)
    if args.amp:
        cli.enable_amp(config)
    if args.resume is not None:
        cli.resume_training(config, None if args.resume == 'auto' else args.resume)
    cli.build_trainer(config).train()


if __name__ == '__main__':
    main()
