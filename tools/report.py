# Copyright (c) mmtips authors. All rights reserved.
"""Set results side by side: python tools/report.py A.json B.json --report out/."""

import argparse
from pathlib import Path

from mmtips import report


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('results', nargs='+', type=Path, help='result files of tools/eval_shift.py')
    parser.add_argument('--out', type=Path, metavar='FILE', help='write a page with the pictures here')
    parser.add_argument('--report', type=Path, metavar='DIR',
                        help='write a folder with the page, its charts as PNG and SVG, tables and the results')
    parser.add_argument('--title', default='Shift consistency', help='heading of the page')
    parser.add_argument('--csv', type=Path, metavar='FILE', help='write the table here for other programs')
    parser.add_argument('--markdown', type=Path, metavar='FILE',
                        help='put the table between the marks <!-- results --> and <!-- /results --> of this file')
    return parser.parse_args()


def main() -> None:
    """Print the table; write the page, the folder, the CSV and the Markdown if asked to."""
    args = parse_args()
    results, folders = [report.load_result(path) for path in args.results], [path.parent for path in args.results]
    print(f'\n{report.text(results)}\n\n{report.caption(results)}\n')
    if args.out is not None:
        print(report.write_kept(report.render_page(results, folders, args.title), args.out))
    if args.report is not None:
        print(report.write_report(results, folders, args.report, args.title))
    if args.csv is not None:
        print(report.write_kept(report.comparison_csv(results), args.csv))
    if args.markdown is not None:
        report.insert_table(args.markdown, report.markdown(results))
        print(args.markdown)


if __name__ == '__main__':
    main()
