# Copyright (c) mmtips authors. All rights reserved.
"""Render the evidence from its result files: python tools/evidence_page.py. Nothing is measured here."""

import argparse
from pathlib import Path

from mmtips.evidence import load_plan
from mmtips.evidence.rows import row_table
from mmtips.report.evidence import load_studies, render_evidence, write_evidence_figures
from mmtips.report.tables import insert_table

ROOT = Path(__file__).parent.parent


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--results', type=Path, default=ROOT / 'results/evidence', metavar='FOLDER',
                        help='where the files of the studies are, those of a GPU in its folder gpu; a study without a '
                        'file is said to be outstanding')
    parser.add_argument('--plan', type=Path, default=ROOT / 'configs/evidence/plans/cpu.py', metavar='FILE',
                        help='the plan whose rows the page shows as configs')
    parser.add_argument('--page', type=Path, default=ROOT / 'docs/evidence.md', metavar='FILE',
                        help='put tables and figures between the marks of this page')
    parser.add_argument('--readme', type=Path, default=ROOT / 'README.md', metavar='FILE',
                        help='put the summary between the marks <!-- evidence --> of this file')
    parser.add_argument('--figures', type=Path, default=ROOT / 'docs/images', metavar='FOLDER',
                        help='write the figures here, as evidence_*.svg')
    return parser.parse_args()


def main() -> None:
    """Read, render, and name the files."""
    args = parse_args()
    studies = load_studies(args.results)
    gpu = load_studies(args.results / 'gpu')
    written = render_evidence(args.page, args.readme, studies, gpu)
    insert_table(args.page, row_table(load_plan(args.plan), 'final'), 'rows')
    print(*written, *write_evidence_figures(studies, args.figures), sep='\n')


if __name__ == '__main__':
    main()
