# Copyright (c) mmtips authors. All rights reserved.
"""A small plan, and what processes do in place of training."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

from mmtips.evidence.plan import Network, Operator, Plan, Protocol, Study
from tests.report.evidence import factory as report

ROOT = Path(__file__).parents[2]
RESNET = 'configs/resnet/resnet18-w8_1xb32-1k_scattered-digits-64x64.py'
DEEPLAB = 'configs/deeplabv3plus/deeplabv3plus_r18-w8-d8_1xb8-1k_scattered-digits-64x64.py'
PROTOCOL = Protocol(max_shift=4, pairs=1, border=1, sampling_images=2, curve_images=4, curve_points=2)
RUN = dict(created='2026-01-01T00:00:00+00:00', commit='abc', device='CPU (x86_64)', threads=1,
           versions=dict(torch='2'))


def make_plan(**changes):
    """Two networks, three operators, a search and a final study."""
    plan = Plan(
        networks=dict(resnet18=Network(RESNET, 'classification', 100, (0.001, 0.002), 4),
                      deeplab=Network(DEEPLAB, 'segmentation', 60, (0.01, ), 4)),
        operators=dict(stock=Operator(), TIPS=Operator(dict(type='TIPS'), hooks=(dict(type='TIPSLossHook'), )),
                       APS=Operator(dict(type='APS'), paddings=('circular', ), networks=('resnet18', ))),
        studies=dict(search=Study('val', (100, ), rates='grid'), final=Study('test', (0, 1))),
        protocol=PROTOCOL)
    return replace(plan, **changes)


def row(operator, rate, score, seed=100, setting='resnet18-zeros', seconds=10.0, iterations=100):
    """A row of the search; what the choices do not read is invented."""
    return report.row(setting, operator, seed, score, learning_rate=rate, seconds=seconds, iterations=iterations)


def pretend(cell, folder):
    """Finish at once, and say in a file beside the cells that it ran."""
    with (folder.parents[1] / 'ran.txt').open('a') as file:
        file.write(f'{cell.id}\n')
    (folder / 'result.json').write_text(json.dumps(dict(
        run=RUN, row=row(cell.name, cell.learning_rate, 0.5, cell.seed, cell.setting))))


def pretend_with_faults(cell, folder):
    """As :func:`pretend`; TIPS fails, and APS is killed."""
    if cell.name == 'APS':
        os.kill(os.getpid(), signal.SIGKILL)
    if cell.name == 'TIPS':
        (folder / 'failure.txt').write_text('Traceback ...\nValueError: what went wrong\n')
        os._exit(1)
    pretend(cell, folder)
