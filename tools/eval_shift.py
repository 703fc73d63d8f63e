# Copyright (c) mmtips authors. All rights reserved.
"""Measure the shift consistency of a checkpoint of either host: python tools/eval_shift.py CONFIG CHECKPOINT."""

import argparse
from pathlib import Path
from typing import Any

from mmengine.dist import barrier, is_main_process

import mmtips  # noqa: F401 - mends the stack before the config is read
from mmtips import cli, report


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    cli.add_host_arguments(parser)
    parser.add_argument('checkpoint', type=Path, help='path of the checkpoint')
    cli.add_measure_arguments(parser)
    parser.add_argument('--report', type=Path, metavar='DIR', help='write a page with all figures here')
    parser.add_argument('--robustness', type=Path, metavar='FILE', help='what tools/eval_robustness.py wrote')
    parser.add_argument('--skip-bad', action='store_true', help='leave out images that cannot be read')
    parser.add_argument('--examples', type=cli.count, default=6, help='how many images to draw (default 6)')
    parser.add_argument('--name', help='what the model is called in tables; by default as the config and its '
                        'downsampler')
    parser.add_argument('--out', type=Path, help='result file; by default shift.json in the work dir')
    return parser.parse_args()


def main() -> None:
    """Measure."""
    args = parse_args()
    cli.require_files(checkpoint=args.checkpoint, robustness=args.robustness)
    config = cli.load_config(args)
    robustness = args.robustness and report.load_robustness(args.robustness, args.checkpoint,
                                                            str(config.test_dataloader.dataset.type))
    out = args.out or Path(config.work_dir) / 'shift.json'
    cli.require_writable(out, *filter(None, [args.report]))
    skipped = cli.leave_out_unreadable(config, args.skip_bad)
    runner = cli.build_tester(cli.shift_config(config, args, out), str(args.checkpoint))
    metrics = runner.test()
    if is_main_process():
        write(args, report.assemble_result(
            runner, metrics, args.name or cli.recipe_name(runner.cfg), args.config.name, args.checkpoint, out.parent,
            skipped=skipped, examples=args.examples, robustness=robustness,
            downsampler=cli.recipe_downsampler(runner.cfg), cfg_options=args.cfg_options), out)
    barrier()  # no journal is removed before the result is there
    runner.test_loop.finish()


def write(args: argparse.Namespace, result: dict[str, Any], out: Path) -> None:
    """Write and print what was measured."""
    report.write_result(result, out)
    headings, classes = report.per_class([result])
    if classes:
        print(f'\nConsistency by class: of the pixels that either view calls the class, those where both do'
              f'\n\n{report.aligned([headings, *classes])}')
    print(f'\n{report.text([result])}\n\n{report.caption([result])}\n\n{out}')
    if args.report is not None:
        print(report.write_report([result], [out.parent], args.report, result['name']))


if __name__ == '__main__':
    main()
