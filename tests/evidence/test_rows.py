# Copyright (c) mmtips authors. All rights reserved.
"""What the page says that a row is, is what the plan trains: the code in its cells, read as a config."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config

from mmtips.evidence.plan import load_plan
from mmtips.evidence.rows import row_table

PLAN = load_plan(Path(__file__).parents[2] / 'configs/evidence/plans/cpu.py')


def test_every_row_of_the_final_runs_reads_back_as_what_is_trained():
    cells = [[cell.strip() for cell in line.split('|')[1:-1]] for line in row_table(PLAN, 'final').splitlines()[2:]]
    trained = PLAN.of_study(PLAN.study('final'))
    assert [name for name, *_ in cells] == list(trained)
    for name, config, beside in cells:
        of, code = trained[name], f'downsampler={config}' if trained[name].config else ''
        typed = Config.fromstring('\n'.join([code.replace('`', ''), *re.findall('`(.*?)`', beside)]), '.py').to_dict()
        expected = dict(downsampler=of.config, sites=of.sites, custom_hooks=list(of.hooks))
        assert typed == {key: value for key, value in expected.items() if value}


def test_an_unknown_study_is_refused():
    with pytest.raises(ValueError, match="study: expected one of .*, got 'finale'"):
        row_table(PLAN, 'finale')
