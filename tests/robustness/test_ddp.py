# Copyright (c) mmtips authors. All rights reserved.
"""Two gloo processes against one, on data of an odd length."""

import copy
import json

import pytest

from mmtips.robustness import Attack, robustness_study
from tests.gloo import in_two_processes

pytest.importorskip('foolbox')
ATTACKS = [Attack('FGSM', 8), Attack('PGD-linf', 8, steps=2)]


def _study(config, checkpoint, folder, name):
    lines = []
    section = robustness_study(config, checkpoint, ATTACKS, [], [], folder / f'{name}.jsonl', report=lines.append)
    return [section, len(lines)]


def _process(rank, folder, config, checkpoint):
    import tests.robustness.digits  # noqa: F401 - registers the network
    config.update(launcher='pytorch', model_wrapper_cfg=dict(type='GlooDDP'))
    # The second time everything is there, which the other process learns from the one that reads the file.
    results = [_study(config, checkpoint, folder, 'both') for _ in range(2)]
    (folder / f'{rank}.json').write_text(json.dumps(results))


def test_two_processes_measure_what_one_does(one_host, tmp_path):
    config, checkpoint = copy.deepcopy(one_host[0]), one_host[1]
    config.work_dir = str(tmp_path)
    config.test_dataloader.update(batch_size=7)
    config.test_dataloader.dataset.indices = 59
    in_two_processes(_process, tmp_path, config, checkpoint)
    section, _ = _study(config, checkpoint, tmp_path, 'one')
    assert section['clean'] > section['attacks'][0]['accuracy'] > section['attacks'][1]['accuracy'] - 1e-6
    first, second = (json.loads((tmp_path / f'{rank}.json').read_text()) for rank in (0, 1))
    assert first == [[section, 3], [section, 0]]  # the main process reports, and only what it measures
    assert second == [[section, 0], [section, 0]]
    assert len((tmp_path / 'both.jsonl').read_text().splitlines()) == 1 + 3
