# Copyright (c) mmtips authors. All rights reserved.
"""What an evaluation costs: time as views grow, memory as images grow, each run in a fresh process."""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: Images and pairs of each run: views grow with the same images, then images with the same views of each.
RUNS = ((30, 1), (30, 2), (30, 4), (30, 8), (75, 1), (150, 1), (300, 1))
PROTOCOLS = ('standard', 'circular')
#: A process inherits the peak of the one that starts it: so a small one does, which writes down what it has used.
LAUNCHER = '''
import json, os, sys
process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
status, usage = os.wait4(process, 0)[1:]
used = dict(cpu_seconds=usage.ru_utime + usage.ru_stime, peak_mb=usage.ru_maxrss * 1024 / 1e6)
with open(sys.argv[1], 'w') as file:
    json.dump(dict(status=status, **used), file)
'''


def measure_run(tool: Path, config: Path, checkpoint: Path, images: int, pairs: int, folder: Path) -> dict[str, Any]:
    """Evaluate in a process of its own.

    Args:
        tool: ``tools/eval_shift.py``.
        config: The config, whose test set takes ``indices``.
        checkpoint: The checkpoint.
        images: How many images.
        pairs: Pairs of views of each image under each of :data:`PROTOCOLS`.
        folder: Where its result goes.

    Returns:
        ``images``, ``pairs``, ``views`` in all, ``cpu_seconds`` of the process and ``peak_mb`` of its memory (10^6
        bytes, resident), start and end included.

    Raises:
        RuntimeError: If the evaluation fails.
    """
    command = [sys.executable, str(tool), str(config), str(checkpoint), '--work-dir', str(folder), '--out',
               str(folder / 'shift.json'), '--pairs', str(pairs), '--protocols', *PROTOCOLS, '--examples', '0',
               '--sampling-images', '0', '--cfg-options', f'test_dataloader.dataset.indices={images}',
               'test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False']
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / 'log.txt').open('ab') as log:
        subprocess.run([sys.executable, '-c', LAUNCHER, str(folder / 'usage.json'), *command], stdout=log, stderr=log,
                       check=True)
    usage = json.loads((folder / 'usage.json').read_text())
    if usage.pop('status') != 0:
        said = '\n'.join((folder / 'log.txt').read_text(errors='replace').splitlines()[-15:])
        raise RuntimeError(f'the evaluation failed, and said last:\n{said}')
    return dict(images=images, pairs=pairs, views=2 * images * pairs * len(PROTOCOLS), **usage)


def evaluation_caption(result: dict[str, Any]) -> str:
    """What the rows say: the straight line through time over views, and what memory does as images grow.

    Args:
        result: A valid result of kind ``'evaluation_cost'``.

    Returns:
        Two sentences.
    """
    views = [row for row in result['rows'] if row['images'] == result['rows'][0]['images']]
    x, y = [row['views'] for row in views], [row['cpu_seconds'] for row in views]
    slope, start = statistics.linear_regression(x, y)
    fit = statistics.correlation(x, y)**2
    images = sorted((row for row in result['rows'] if row['pairs'] == 1), key=lambda row: row['images'])
    first, last = images[0], images[-1]
    return (f"{result['config']}, {' and '.join(result['protocols'])} views, {result['run']['device']}: "
            f'{1000 * slope:.1f} ms of CPU time for each view after {start:.0f} s to start and end (straight line '
            f"through {len(views)} runs, R² = {fit:.3f}). Peak memory {first['peak_mb']:,.0f} MB with "
            f"{first['images']} images, {last['peak_mb']:,.0f} MB with {last['images']}.")


def evaluation_table(result: dict[str, Any]) -> tuple[list[str], Sequence[list[str]]]:
    """Headings and rows, for every run."""
    return ['images', 'pairs', 'views', 'CPU time', 'peak memory'], [
        [str(row['images']), str(row['pairs']), f"{row['views']:,}", f"{row['cpu_seconds']:.1f} s",
         f"{row['peak_mb']:,.0f} MB"] for row in result['rows']]
