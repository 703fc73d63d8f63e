# Copyright (c) mmtips authors. All rights reserved.
"""tools/benchmark.py as a user runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmtips import report
from mmtips.benchmark.candidates import OPERATORS

ROOT = Path(__file__).parents[2]


def run(*arguments):
    return subprocess.run([sys.executable, ROOT / 'tools/benchmark.py', *map(str, arguments)], cwd=ROOT,
                          env=dict(os.environ, OMP_NUM_THREADS='1'), capture_output=True, text=True, check=False)


def test_a_suite_is_measured_written_and_rendered(tmp_path):
    cards, out = tmp_path / 'cards', tmp_path / 'out'
    cards.mkdir()
    (cards / 'APS.md').write_text('<!-- cost --><!-- /cost -->')
    done = run('layers', '--rounds', 2, '--out', out, '--cards', cards)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 'layers: round 2 of 2' in done.stdout
    result = report.load_result(out / 'layers.json', 'benchmark')
    assert [row['name'] for row in result['rows']] == [*OPERATORS, 'strided 3x3 convolution']
    assert '| APS, antialias=3 |' in (cards / 'APS.md').read_text()


@pytest.mark.parametrize(('arguments', 'message'), [
    (['layer'], "SUITE: expected some of ['layers', 'networks', 'sites'], got ['layer']"),
    ([], 'nothing to do: name a suite to measure, or --cards'),
])
def test_bad_requests_are_named(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
