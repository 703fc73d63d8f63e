# Copyright (c) mmtips authors. All rights reserved.
"""Measure the shift consistency of a checkpoint of either host: python tools/eval_shift.py CONFIG CHECKPOINT."""

import argparse
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.runner import Runner

import mmtips  # noqa: F401 - mends the stack before the config is read
from mmtips import cli, report
from mmtips.evaluation.shifts import PROTOCOLS
from mmtips.wrappers import unwrap


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    cli.add_host_arguments(parser)
    parser.add_argument('checkpoint', type=Path, help='path of the checkpoint')
    parser.add_argument('--protocols', nargs='+', choices=PROTOCOLS, default=list(PROTOCOLS), help='default: both')
    parser.add_argument('--max-shift', type=int, default=8, help='largest shift in pixels (default 8)')
    parser.add_argument('--pairs', type=int, default=5, help='pairs of views per image (default 5)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the shifts (default 0)')
    parser.add_argument('--size-divisor', type=int, default=1, help='sides of standard views are multiples of it')
    parser.add_argument('--background', type=int, help="index of the class that is no foreground (default: the class "
                        "named 'background', if any)")
    parser.add_argument('--ignore-index', type=int, help="label of pixels without a ground truth (default: the data "
                        "set's own)")
    parser.add_argument('--examples', type=int, default=6, help='how many images to draw the flicker of (default 6)')
    parser.add_argument('--name', help='what the model is called in tables; by default as the config and its '
                        'downsampler')
    parser.add_argument('--out', type=Path, help='result file; by default shift.json in the work dir')
    return parser.parse_args()


def main() -> None:
    """Measure."""
    args = parse_args()
    if not args.checkpoint.is_file():
        raise FileNotFoundError(f'checkpoint: no file {args.checkpoint}: download it first')
    config = cli.load_config(args)
    protocols = [dict(name=name, max_shift=args.max_shift, pairs=args.pairs, seed=args.seed,
                      size_divisor=args.size_divisor) for name in args.protocols]
    config.test_cfg = dict(config.test_cfg, type='ShiftTestLoop', protocols=protocols, examples=args.examples,
                           background=args.background, ignore_index=args.ignore_index)
    config.custom_hooks = [*config.get('custom_hooks', []), dict(type='TestProgressHook')]
    runner = cli.build_tester(config, str(args.checkpoint))
    metrics = runner.test()
    if is_main_process():
        write(args, runner, metrics)


def write(args: argparse.Namespace, runner: Runner, metrics: dict[str, float]) -> None:
    """Write and print what was measured. In distributed testing the pictures are those of the first process' images."""
    model, loop, dataset = unwrap(runner.model), runner.test_loop, runner.test_dataloader.dataset
    out = args.out or Path(runner.work_dir) / 'shift.json'
    figures = report.write_examples(loop.measure.examples, model, dataset.metainfo.get('palette') or [], out.parent)
    data = dict(dataset=str(runner.cfg.test_dataloader.dataset.type), images=len(dataset),
                classes=len(dataset.metainfo['classes']), background=loop.measure.background,
                ignore_index=loop.measure.ignore_index)
    result = report.shift_result(args.name or cli.recipe_name(runner.cfg), args.config.name, args.checkpoint, data,
                                 report.measure_cost(model, loop.measure.image_shape), metrics, loop.protocols, figures,
                                 runner.cfg.get('downsampler'))
    report.write_result(result, out)
    headings, classes = report.per_class([result])
    if classes:
        print(f'\nConsistency by class: of the pixels that either view calls the class, those where both do'
              f'\n\n{report.aligned([headings, *classes])}')
    print(f'\n{report.text([result])}\n\n{report.caption([result])}\n\n{out}')


if __name__ == '__main__':
    main()
