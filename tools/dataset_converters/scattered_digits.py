# Copyright (c) mmtips authors. All rights reserved.
"""Make the built-in data set, scattered digits, from what scikit-learn ships: no download, less than 20 seconds."""

import argparse
import sys
import time
from itertools import product
from pathlib import Path

from mmtips.datasets.digits import DEFAULT_SIZES, SPLITS, contact_sheet, summarize, write_scattered_digits


def size_option(task: str, split: str) -> str:
    """Name the option for the size of a split: ``--train`` for segmentation, ``--cls-train`` for classification."""
    return split if task == 'seg' else f'{task}-{split}'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--out', type=Path, default=Path('data/scattered_digits'), help='folder to make')
    parser.add_argument('--seed', type=int, default=0, help='seed of all images')
    for task, split in product(DEFAULT_SIZES, SPLITS):
        parser.add_argument(f'--{size_option(task, split)}', type=int, default=DEFAULT_SIZES[task][split],
                            metavar='N', help=f'images in {task}/{split}')
    parser.add_argument('--contact-sheet', type=Path, metavar='PATH', help='PNG file to draw a few images into')
    return parser.parse_args()


def main() -> None:
    """Write the data set and, if asked for, its contact sheet."""
    args = parse_args()
    if args.contact_sheet and args.contact_sheet.exists():
        raise FileExistsError(f'--contact-sheet: {args.contact_sheet} exists: move it away, or name another file')
    sizes = {task: {split: getattr(args, size_option(task, split).replace('-', '_')) for split in SPLITS}
             for task in DEFAULT_SIZES}
    start = time.perf_counter()
    meta = write_scattered_digits(args.out, args.seed, sizes)
    if args.contact_sheet:
        args.contact_sheet.parent.mkdir(parents=True, exist_ok=True)
        contact_sheet(args.out).save(args.contact_sheet, format='PNG', optimize=True)
    print(f'{args.out}\n{summarize(meta)}\n{time.perf_counter() - start:.1f} s')


if __name__ == '__main__':
    try:
        main()
    except (FileExistsError, ValueError) as error:
        sys.exit(str(error))
