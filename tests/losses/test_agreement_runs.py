# Copyright (c) mmtips authors. All rights reserved.
"""Training with views in two processes, and compiled."""

import pytest
import torch

from tests.gloo import in_two_processes
from tests.losses.classifier import make_runner

STEPS = 4
HOOK = dict(start=0.5, weight=3.0)


def _train(rank, folder):
    runner = make_runner(f'{folder}/ddp', STEPS, 4, HOOK, launcher='pytorch',
                         cfg=dict(model_wrapper_cfg=dict(type='GlooDDP')))
    runner.train()
    if rank == 0:
        torch.save([p.detach() for p in runner.model.module.parameters()], f'{folder}/weights.pt')


def logged(runner):
    return list(runner.message_hub.get_scalar('train/loss_agreement').data[0])


def test_two_processes_equal_one_on_the_joined_batch(tmp_path):
    in_two_processes(_train, tmp_path)
    single = make_runner(tmp_path / 'single', STEPS, 8, HOOK)
    single.train()
    assert len(logged(single)) == STEPS // 2
    distributed = torch.load(tmp_path / 'weights.pt')
    for (name, ours), theirs in zip(single.model.named_parameters(), distributed, strict=True):
        torch.testing.assert_close(theirs, ours, msg=name)


@pytest.mark.parametrize('backend', ['eager', 'aot_eager'])
def test_compiled_training(tmp_path, backend):
    torch.compiler.reset()
    plain = make_runner(tmp_path / 'plain', STEPS, 4, HOOK)
    plain.train()
    compiled = make_runner(tmp_path / 'compiled', STEPS, 4, HOOK, cfg=dict(compile=dict(backend=backend)))
    compiled.train()
    assert logged(compiled) == pytest.approx(logged(plain))
    assert len(logged(plain)) == STEPS // 2
    torch.testing.assert_close(list(compiled.model.parameters()), list(plain.model.parameters()))
