# Copyright (c) mmtips authors. All rights reserved.
"""Make a data set folder of a published archive: python tools/dataset_converters/published.py DATASET ARCHIVE."""

import argparse
import sys
from pathlib import Path

from mmtips.datasets import CVC_CLINICDB, KVASIR_SEG, convert_polyps, convert_tiny_imagenet

POLYPS = dict(kvasir_seg=KVASIR_SEG, cvc_clinicdb=CVC_CLINICDB)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('dataset', choices=[*POLYPS, 'tiny_imagenet'])
    parser.add_argument('archive', type=Path, help='the zip archive, or the folder that it was unpacked to')
    parser.add_argument('--out', type=Path, help='folder to make (default data/DATASET)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the split of Kvasir-SEG (default 0)')
    parser.add_argument('--val-list', type=Path, metavar='FILE', help='for a split of your own: names of the images '
                        'for validation, without suffix, one in each line (polyps only)')
    return parser.parse_args()


def main() -> None:
    """Convert."""
    args = parse_args()
    out = args.out or Path('data', args.dataset)
    if args.dataset in POLYPS:
        names = None if args.val_list is None else args.val_list.read_text().split()
        convert_polyps(POLYPS[args.dataset], args.archive, out, args.seed, names)
    else:
        convert_tiny_imagenet(args.archive, out)


if __name__ == '__main__':
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(str(error))
