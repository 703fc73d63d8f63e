# Copyright (c) mmtips authors. All rights reserved.
"""Set results side by side: python tools/report.py A.json B.json --out report.html."""

import argparse
from pathlib import Path

from mmtips import report


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('results', nargs='+', type=Path, help='result files of tools/eval_shift.py')
    parser.add_argument('--out', type=Path, help='write a page with the pictures here')
    parser.add_argument('--title', default='Shift consistency', help='heading of the page')
    parser.add_argument('--markdown', type=Path, metavar='FILE',
                        help='put the table between the marks <!-- results --> and <!-- /results --> of this file')
    return parser.parse_args()


def main() -> None:
    """Print the table; write the page and the Markdown if asked to."""
    args = parse_args()
    results = [report.load_result(path) for path in args.results]
    print(f'\n{report.text(results)}\n\n{report.caption(results)}\n')
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(report.render_page(results, [path.parent for path in args.results], args.title))
        print(args.out)
    if args.markdown is not None:
        report.insert_table(args.markdown, report.markdown(results))
        print(args.markdown)


if __name__ == '__main__':
    main()
