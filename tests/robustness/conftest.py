# Copyright (c) mmtips authors. All rights reserved.
import copy
from pathlib import Path

import pytest
from mmengine.registry import LOOPS, DefaultScope, init_default_scope

from mmtips import cli
from tests.robustness.digits import make_config, train, write_digits

HOSTS = ('mmseg', 'mmpretrain')


@pytest.fixture(scope='session', params=HOSTS)
def trained(request, tmp_path_factory):
    """A config of either host, and a checkpoint of its network."""
    pytest.importorskip(f'{request.param}.models')
    folder = tmp_path_factory.mktemp('robustness')
    write_digits(folder)
    config = make_config(request.param, folder, folder)
    before = dict(DefaultScope._instance_dict)
    checkpoint = Path(train(config))
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)
    return config, checkpoint


@pytest.fixture
def one_host(trained):
    if trained[0].default_scope != 'mmpretrain':
        pytest.skip('one host is enough')
    return trained


@pytest.fixture(scope='session')
def tested(trained):
    """A function that runs a test loop of the config, with other options, and returns the score and all metrics."""
    config, checkpoint = trained
    before = dict(DefaultScope._instance_dict)
    runner = cli.build_tester(copy.deepcopy(config), str(checkpoint))
    runner.call_hook('before_run')
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)

    def test(batch_size=None, **loop):
        init_default_scope(config.default_scope)
        dataloader = copy.deepcopy(config.test_dataloader)
        dataloader.batch_size = batch_size or dataloader.batch_size
        kind = 'AttackTestLoop' if loop else 'TestLoop'
        runner._test_loop = LOOPS.build(dict(loop, type=kind, runner=runner, dataloader=dataloader,
                                             evaluator=copy.deepcopy(config.test_evaluator)))
        metrics = runner._test_loop.run()
        assert not runner.model.training
        return metrics.get('mIoU', metrics.get('accuracy/top1')), metrics

    return test
