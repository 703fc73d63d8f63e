# Copyright (c) mmtips authors. All rights reserved.
"""Measure what the operators cost: python tools/benchmark.py layers networks sites."""

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
    parser.add_argument('--rounds', type=int, default=11, help='timed rounds (default 11)')
    parser.add_argument('--threads', type=int, default=1, help='threads of the CPU (default 1)')
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    parser.add_argument('--out', type=Path, default=Path('results/benchmark'), help='folder of the results')
    parser.add_argument('--cards', type=Path, metavar='FOLDER', help='put the tables into the method cards here')
    args = parser.parse_args()
    if set(args.suites) - set(benchmark.SUITES):
        parser.error(f'SUITE: expected some of {list(benchmark.SUITES)}, got {args.suites}')
    if not args.suites and args.cards is None:
        parser.error('nothing to do: name a suite to measure, or --cards')
    return args


def measure(name: str, args: argparse.Namespace) -> None:
    """Measure one suite, print its table, write its result."""
    suite = benchmark.SUITES[name]()
    torch.manual_seed(0)
    modules = {label: candidate.build().to(args.device) for label, candidate in suite.candidates.items()}
    x = torch.randn(suite.shape, device=args.device)
    costs = benchmark.compare(modules, x, suite.reference, args.rounds,
                              lambda turn: print(f'{name}: round {turn} of {args.rounds}', flush=True))
    rows = [dict(name=label, operator=suite.candidates[label].operator, **cost._asdict())
            for label, cost in costs.items()]
    result = dict(schema=1, kind='benchmark', suite=name, title=suite.title, run=report.run_information(args.device),
                  shape=list(suite.shape), dtype='float32', rounds=args.rounds, reference=suite.reference, rows=rows)
    headings, cells = benchmark.table(result)
    print(f'\n{report.aligned([headings, *cells])}\n')
    report.write_result(result, args.out / f'{name}.json')


def main() -> None:
    """Measure, then render."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    for name in args.suites:
        measure(name, args)
    if args.cards is not None:
        results = {name: report.load_result(args.out / f'{name}.json', 'benchmark') for name in benchmark.SUITES
                   if (args.out / f'{name}.json').is_file()}
        print(*benchmark.render_cards(args.cards, results), sep='\n')


if __name__ == '__main__':
    main()
