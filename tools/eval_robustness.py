# Copyright (c) mmtips authors. All rights reserved.
"""Measure the robustness of a checkpoint of either host: python tools/eval_robustness.py CONFIG CHECKPOINT."""

import argparse
from pathlib import Path

from mmengine.dist import is_main_process

import mmtips  # noqa: F401 - mends the stack before the config is read
from mmtips import cli, report, robustness
from mmtips.report.robustness import section_text
from mmtips.robustness import CORRUPTIONS, SEVERITIES, Attack


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    cli.add_host_arguments(parser)
    parser.add_argument('checkpoint', type=Path, help='path of the checkpoint')
    parser.add_argument('--attacks', nargs='*', default=['FGSM:1,2,4,8'], metavar='NAME:EPSILONS',
                        help='FGSM and PGD-linf in units of 1/255, PGD-l2 in the norm of [0, 1] pixels')
    parser.add_argument('--steps', type=int, default=10, help='gradient steps of PGD (default 10)')
    parser.add_argument('--corruptions', nargs='*', default=[], choices=['all', *CORRUPTIONS], metavar='NAME',
                        help='all, or names of the 15 common corruptions (default: none)')
    parser.add_argument('--severities', nargs='+', type=int, choices=SEVERITIES, default=list(SEVERITIES))
    parser.add_argument('--corrupt-after', default='', metavar='TRANSFORM', help='corrupt behind this transform of the '
                        'test pipeline: CenterCrop is the order of ImageNet-C (default: behind loading)')
    parser.add_argument('--images', type=cli.count, default=0, help='test on the first images only (default: on all)')
    parser.add_argument('--skip-bad', action='store_true', help='leave out images that cannot be read')
    parser.add_argument('--seed', type=int, default=0, help='seed of the corruptions and random starts (default 0)')
    parser.add_argument('--baseline', type=Path, help='robustness.json of another model, for mCE and relative mCE')
    parser.add_argument('--out', type=Path, help='result file; by default robustness.json in the work dir. Finished '
                        'cells are kept beside it, and a restart goes on from them')
    return parser.parse_args()


def parse_attacks(words: list[str], steps: int, seed: int) -> list[Attack]:
    """Read ``NAME:EPSILON,EPSILON``."""
    attacks = []
    for word in words:
        name, _, epsilons = word.partition(':')
        try:
            attacks += [Attack(name, float(epsilon), steps, seed) for epsilon in epsilons.split(',')]
        except ValueError as error:
            raise ValueError(f'--attacks: expected NAME:EPSILONS as in FGSM:1,2, got {word!r}: {error}') from error
    return attacks


def main() -> None:
    """Measure."""
    args = parse_args()
    cli.require_files(checkpoint=args.checkpoint, baseline=args.baseline)
    baseline = None if args.baseline is None else report.load_result(args.baseline, 'robustness')['robustness']
    attacks = parse_attacks(args.attacks, args.steps, args.seed)
    config = cli.load_config(args)
    cli.take_images(config, args.images)
    out = args.out or Path(config.work_dir) / 'robustness.json'
    corruptions = list(CORRUPTIONS) if 'all' in args.corruptions else args.corruptions
    if baseline is not None and corruptions:
        planned = {name: {str(severity): 0. for severity in args.severities} for name in corruptions}
        robustness.require_same_cells(planned, baseline['corruptions'])
    cli.require_writable(out)
    cli.leave_out_unreadable(config, args.skip_bad)
    section = robustness.robustness_study(config, args.checkpoint, attacks, corruptions, args.severities,
                                          out.with_suffix('.cells.jsonl'), args.seed, args.corrupt_after)
    if is_main_process():
        report.write_result(report.robustness_result(args.config.name, args.checkpoint, section), out)
        print(f'\n{section_text(section, baseline)}\n\n{out}')


if __name__ == '__main__':
    main()
