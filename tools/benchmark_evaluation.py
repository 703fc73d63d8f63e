# Copyright (c) mmtips authors. All rights reserved.
"""Measure what an evaluation costs: python tools/benchmark_evaluation.py CONFIG CHECKPOINT."""

import argparse
import tempfile
from pathlib import Path

from mmtips import cli, report
from mmtips.benchmark.evaluation import PROTOCOLS, RUNS, evaluation_caption, evaluation_table, measure_run


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', type=Path, nargs='?', help='a config whose test set takes indices')
    parser.add_argument('checkpoint', type=Path, nargs='?', help='path of the checkpoint; nothing is measured '
                        'without one')
    parser.add_argument('--out', type=Path, default=Path('results/benchmarks/evaluation.json'), help='result file')
    parser.add_argument('--markdown', type=Path, metavar='FILE', help='put the table between the marks '
                        '<!-- evaluation cost --> of this file')
    return parser.parse_args()


def measure(args: argparse.Namespace) -> None:
    """Run the evaluations one after another and write the result."""
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for images, pairs in RUNS:
            rows.append(measure_run(Path(__file__).with_name('eval_shift.py'), args.config, args.checkpoint, images,
                                    pairs, Path(folder)))
            print(f'{len(rows)} of {len(RUNS)} runs', flush=True)
    report.write_result(dict(schema=1, kind='evaluation_cost', config=args.config.name, protocols=list(PROTOCOLS),
                             run=report.run_information('cpu'), rows=rows), args.out)


def main() -> None:
    """Measure, then render."""
    args = parse_args()
    cli.require_files(config=args.config, checkpoint=args.checkpoint)
    if args.checkpoint is not None:
        measure(args)
    result = report.load_result(args.out, 'evaluation_cost')
    headings, rows = evaluation_table(result)
    print(f'\n{report.aligned([headings, *rows])}\n\n{evaluation_caption(result)}')
    if args.markdown is not None:
        table = report.markdown_table(headings, rows)
        report.insert_table(args.markdown, f'{table}\n\n{evaluation_caption(result)}', 'evaluation cost')


if __name__ == '__main__':
    main()
