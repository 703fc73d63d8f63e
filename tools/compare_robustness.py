# Copyright (c) mmtips authors. All rights reserved.
"""Set robustness studies side by side: python tools/compare_robustness.py A.json B.json; mCE is against the first."""

import argparse
from pathlib import Path

from mmtips import report
from mmtips.report.robustness import robustness_markdown, robustness_text


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('results', nargs='+', type=Path,
                        help='result files of tools/eval_robustness.py; each model is called what its file is called')
    parser.add_argument('--markdown', type=Path, metavar='FILE', help='put the tables between the marks '
                        '<!-- robustness --> and <!-- /robustness --> of this file')
    return parser.parse_args()


def main() -> None:
    """Print the tables; write the Markdown if asked to."""
    args = parse_args()
    results = {path.stem: report.load_result(path, 'robustness') for path in args.results}
    if len(results) < len(args.results):
        raise ValueError(f'results: expected a name for each model, got {[path.stem for path in args.results]}: rename '
                         'files')
    print(f'\n{robustness_text(results)}\n')
    if args.markdown is not None:
        report.insert_table(args.markdown, robustness_markdown(results), 'robustness')
        print(args.markdown)


if __name__ == '__main__':
    main()
