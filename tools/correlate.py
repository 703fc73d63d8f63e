# Copyright (c) mmtips authors. All rights reserved.
"""Correlate maximum-sampling bias with shift consistency: python tools/correlate.py results/*.json --out study.json."""

import argparse
from pathlib import Path

from mmtips import report
from mmtips.report.correlation import FORMS, ROWS


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('results', nargs='+', type=Path, help='result files of tools/eval_shift.py, with sampling bias')
    parser.add_argument('--form', choices=FORMS, default='selection',
                        help='of the bias: share of windows whose output is their maximum, or mean weight on the '
                        'maximum (default selection)')
    parser.add_argument('--protocol', default='standard', help='of the consistency (default standard)')
    parser.add_argument('--row', choices=ROWS, default='overall', help='of which pixels (default overall)')
    parser.add_argument('--resamples', type=int, default=10_000, help='bootstrap samples (default 10000)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the bootstrap (default 0)')
    parser.add_argument('--out', type=Path, help='write the figures as JSON here')
    parser.add_argument('--figure', type=Path, help='draw the cells here, .png or .svg')
    parser.add_argument('--markdown', type=Path, metavar='FILE', help='put the outcome between the marks '
                        '<!-- correlation --> of this file')
    return parser.parse_args()


def main() -> None:
    """Correlate, print, write."""
    args = parse_args()
    if args.figure is not None:
        report.check_figure(args.figure)
    results = {str(path): report.load_result(path) for path in args.results}
    result = report.correlate(results, args.form, args.protocol, args.row, args.resamples, args.seed)
    print(f'\n{report.correlation_text(result)}\n')
    if args.out is not None:
        report.write_derived(result, args.out)
        print(args.out)
    if args.figure is not None:
        report.write_scatter(result, args.figure)
        print(args.figure)
    if args.markdown is not None:
        report.insert_table(args.markdown, report.correlation_caption(result), 'correlation')


if __name__ == '__main__':
    main()
