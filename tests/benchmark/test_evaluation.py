# Copyright (c) mmtips authors. All rights reserved.

import pytest

from mmtips.benchmark.evaluation import evaluation_caption, evaluation_table, measure_run


def test_a_process_is_measured_by_itself(tmp_path):
    tool = tmp_path / 'tool.py'
    tool.write_text('import sys\nx = bytearray(200_000_000)\nsys.exit(0 if "--pairs" in sys.argv else 1)\n')
    row = measure_run(tool, tmp_path / 'c.py', tmp_path / 'w.pth', 30, 4, tmp_path / 'out')
    assert (row['images'], row['pairs'], row['views']) == (30, 4, 480)
    assert 200 < row['peak_mb'] < 300
    assert 0 < row['cpu_seconds'] < 10
    tool.write_text('raise SystemExit("no such thing")')
    with pytest.raises(RuntimeError, match=r'failed, and said last:\nno such thing'):
        measure_run(tool, tmp_path / 'c.py', tmp_path / 'w.pth', 30, 4, tmp_path / 'out')


def test_the_line_by_hand():
    rows = [dict(images=30, pairs=pairs, views=120 * pairs, cpu_seconds=5 + 1.2 * pairs, peak_mb=900.)
            for pairs in (1, 2, 4)]
    rows.append(dict(images=60, pairs=1, views=240, cpu_seconds=7.4, peak_mb=1910.))
    result = dict(config='x.py', protocols=['standard'], run=dict(device='CPU'), rows=rows)
    assert evaluation_caption(result) == (
        'x.py, standard views, CPU: 10.0 ms of CPU time for each view after 5 s to start and end (straight line '
        'through 3 runs, R² = 1.000). Peak memory 900 MB with 30 images, 1,910 MB with 60.')
    assert evaluation_table(result)[1][3] == ['60', '1', '240', '7.4 s', '1,910 MB']
