# Copyright (c) mmtips authors. All rights reserved.
"""Profile a training, an evaluation or layers: python tools/profile_shares.py training CONFIG."""

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

import mmtips  # noqa: F401 - mends the stack before a config is read
from mmtips import benchmark, cli, report
from mmtips.benchmark import shares


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/benchmarks'), help='folder of the result, '
                        'profile-SECTION.json')
    sections = parser.add_subparsers(dest='section', required=True)
    training = sections.add_parser('training', help='iterations, in the first epoch and later')
    training.add_argument('config', type=Path, help='a config that reads DOWNSAMPLER')
    training.add_argument('--downsamplers', nargs='+', default=['stock', 'blurpool', 'tips'])
    evaluation = sections.add_parser('evaluation', help='one run of tools/eval_shift.py, with the DOWNSAMPLER of the '
                                     'environment')
    evaluation.add_argument('config', type=Path, help='a config whose test set takes indices')
    evaluation.add_argument('checkpoint', type=Path)
    evaluation.add_argument('--images', type=int, default=60, help='how many images (default 60)')
    for section in (training, evaluation):
        section.add_argument('--cfg-options', nargs='+', default=[], help='overrides of the config, as in a.b=value')
    sections.add_parser('operations', help='TIPS and BlurPool by operation')
    return parser.parse_args()


def training_rows(args: argparse.Namespace, folder: str) -> Iterator[dict[str, Any]]:
    """Train each network for a few iterations."""
    parser = argparse.ArgumentParser()
    cli.add_host_arguments(parser)
    for name in args.downsamplers:
        os.environ['DOWNSAMPLER'] = name
        options = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
        config = cli.load_config(parser.parse_args([str(args.config), '--work-dir', f'{folder}/{name}', *options]))
        yield from shares.training_rows(config, (config.get('downsampler') or dict(type=name))['type'])


def evaluation_row(args: argparse.Namespace, folder: str) -> dict[str, Any]:
    """Evaluate as the demo does, with fewer images."""
    options = ['--work-dir', folder, *shares.DEMO_OPTIONS, '--cfg-options',
               f'test_dataloader.dataset.indices={args.images}', *args.cfg_options]
    row = shares.evaluation_row(Path(__file__).with_name('eval_shift.py'), [str(args.config), str(args.checkpoint),
                                *options], f'{args.images} images, options of the demo')
    downsampler = report.load_result(Path(folder) / 'shift.json')['downsampler']
    return dict(row, name=(downsampler or dict(type='stock'))['type'])


def main() -> None:
    """Profile, and write the result."""
    args = parse_args()
    torch.set_num_threads(1)
    run = report.run_information('cpu')
    with tempfile.TemporaryDirectory() as folder:
        rows = shares.operation_rows(benchmark.Setting()) if args.section == 'operations' else \
            list(training_rows(args, folder)) if args.section == 'training' else [evaluation_row(args, folder)]
    config = None if args.section == 'operations' else args.config.name
    result = dict(schema=1, kind='profile', config=config, run=run, rows=rows)
    report.write_result(result, args.out / f'profile-{args.section}.json')
    print(f"\n{shares.profile_parts({args.section: result})[f'{args.section} shares']}")


if __name__ == '__main__':
    main()
