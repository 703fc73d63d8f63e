# Copyright (c) mmtips authors. All rights reserved.
"""Measure what the operators cost: python tools/benchmark.py layers growth, or all that is planned with --plan cpu."""

import argparse
from pathlib import Path

import torch

import mmtips  # noqa: F401 - mends the stack and registers the backbones
from mmtips import benchmark, report


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('suites', nargs='*', metavar='SUITE', help=f"what to measure: {', '.join(benchmark.SUITES)}; "
                        'none to render what was measured before')
    parser.add_argument('--plan', choices=benchmark.PLANS, help='measure what is planned for this device instead')
    parser.add_argument('--device', choices=benchmark.DEVICES, default='cpu')
    parser.add_argument('--dtype', choices=benchmark.DTYPES, default='float32', help='of parameters and input, or '
                        'what autocast makes of float32')
    parser.add_argument('--channels-last', action='store_true', help='memory format of parameters and input')
    parser.add_argument('--compile', action='store_true', help='compile each candidate, outside the timed rounds')
    parser.add_argument('--threads', type=int, default=1, help='threads of the CPU (default 1)')
    parser.add_argument('--rounds', type=int, help='timed rounds; by default those of the suite')
    parser.add_argument('--again', action='store_true', help='measure also what was measured with this very commit; '
                        'the earlier file is kept under its date')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/benchmarks'), help='folder of the results')
    parser.add_argument('--cards', type=Path, metavar='FOLDER', help='put tables into the method cards here')
    parser.add_argument('--page', type=Path, metavar='FILE', help='put tables and goals into this page')
    parser.add_argument('--figures', type=Path, metavar='FOLDER', help='write the figures here')
    args = parser.parse_args()
    if set(args.suites) - set(benchmark.SUITES):
        parser.error(f'SUITE: expected some of {list(benchmark.SUITES)}, got {args.suites}')
    if not (args.suites or args.plan or args.cards or args.page or args.figures):
        parser.error('nothing to do: name a suite to measure, or --plan, --cards, --page or --figures')
    if 'cuda' in (args.device, args.plan) and not torch.cuda.is_available():
        parser.error('--device cuda: PyTorch finds no GPU here')
    return args


def chosen(args: argparse.Namespace) -> list[tuple[str, benchmark.Setting]]:
    """Suites and settings that are to be measured."""
    setting = benchmark.Setting(args.device, args.dtype, 'channels_last' if args.channels_last else 'contiguous',
                                'compiled' if args.compile else 'eager', args.threads)
    return [(name, setting) for name in args.suites] + list(benchmark.planned(args.plan) if args.plan else ())


def measure(name: str, setting: benchmark.Setting, args: argparse.Namespace) -> None:
    """Measure one suite, print its tables, write its result; unless that was done before."""
    path, suite = benchmark.result_file(args.out, name, setting), benchmark.SUITES[name]()
    torch.set_num_threads(setting.threads)
    run, rounds = report.run_information(setting.device), args.rounds or suite.rounds
    if not args.again and benchmark.is_measured(path, run, rounds):
        print(f'{path}: measured with this commit before; --again measures anew', flush=True)
        return
    result = benchmark.measure(name, suite, setting, run, rounds, lambda turn: print(
        f'{name} ({setting.name}): round {turn} of {rounds}', flush=True))
    for case in result['cases']:
        headings, cells = benchmark.table(result, case)
        print(f'\n{report.aligned([headings, *cells])}\n')
    report.write_result(result, path)


def main() -> None:
    """Measure, then render."""
    args = parse_args()
    for name, setting in chosen(args):
        measure(name, setting, args)
    results = benchmark.load_results(args.out)
    if args.cards is not None:
        print(*benchmark.render_cards(args.cards, results), sep='\n')
    if args.page is not None:
        print(benchmark.render_page(args.page, results, benchmark.load_profiles(args.out)))
    if args.figures is not None:
        print(*benchmark.write_performance_figures(results, args.figures), sep='\n')


if __name__ == '__main__':
    main()
