# Copyright (c) mmtips authors. All rights reserved.
"""Train and measure what the evidence is made of: python tools/evidence.py search final.

It goes on where it was stopped. A study's file is written to the output folder: to keep it, copy it to
results/evidence. The file alone, in another output folder, is enough to go on from.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

import mmtips  # noqa: F401 - mends the stack before the plan is read
from mmtips import evidence

PLAN = Path('configs/evidence/plans/cpu.py')
#: In the order in which they are run; what is a study of its own is asked for by name.
STUDIES = ('search', 'ablation', 'final', 'time', 'longer')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('studies', nargs='*', metavar='STUDY',
                        help=f"studies of the plan; by default {' '.join(STUDIES)}")
    parser.add_argument('--plan', type=Path, default=PLAN, help=f'the plan (default {PLAN})')
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 1, help='cells at a time, each on one thread '
                        '(default: as many as there are cores)')
    parser.add_argument('--out', type=Path, help='folder of the results; by default work_dirs/evidence/<plan>')
    parser.add_argument('--networks', nargs='+', metavar='NETWORK', help='some networks of the plan; by default all')
    parser.add_argument('--list', action='store_true', help='say how many cells there are, and run nothing')
    return parser.parse_args()


def main() -> int:
    """Run the studies one after another; 1 if a cell failed."""
    args = parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('stopped'))  # and with it the cells that are running
    plan = evidence.load_plan(args.plan)
    out = args.out or Path('work_dirs/evidence') / args.plan.stem
    studies = args.studies or [name for name in STUDIES if name in plan.studies]
    for name in args.networks or ():
        if name not in plan.networks:
            raise ValueError(f'--networks: expected some of {list(plan.networks)}, got {name!r}')
    for name in studies:
        plan.study(name)  # before the first of them runs for hours
    status = 0
    for name in studies:
        if args.list:
            try:
                print(evidence.estimate(plan, name, out))
            except (FileNotFoundError, ValueError) as error:  # what follows from the search is not known before it
                print(f'{name}: {error}')
        elif evidence.run_study(plan, name, out, args.jobs, lambda line: print(line, flush=True), args.networks):
            status = 1
            if name == 'search':  # the others need all of it
                break
    return status


if __name__ == '__main__':
    sys.exit(main())
