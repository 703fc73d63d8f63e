# Copyright (c) mmtips authors. All rights reserved.
"""Test a checkpoint with the metrics of its config: python tools/test.py CONFIG CHECKPOINT."""

import argparse

import mmtips  # noqa: F401 - mends the stack before the config is read
from mmtips import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    cli.add_host_arguments(parser)
    parser.add_argument('checkpoint', help='path of the checkpoint')
    return parser.parse_args()


def main() -> None:
    """Test."""
    args = parse_args()
    cli.build_tester(cli.load_config(args), args.checkpoint).test()


if __name__ == '__main__':
    main()
