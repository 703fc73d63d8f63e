# Copyright (c) mmtips authors. All rights reserved.
"""Two gloo processes against one process on the joined batch."""

import torch

from tests.gloo import in_two_processes
from tests.losses.models import make_runner

STEPS = 3
OPTIONS = dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9)))


def _train(rank, folder):
    runner = make_runner(f'{folder}/ddp', dict(undo_start=0.5), iters=STEPS, batch_size=4, launcher='pytorch',
                         cfg=dict(model_wrapper_cfg=dict(type='GlooDDP')), **OPTIONS)
    runner.train()
    if rank == 0:
        torch.save([p.detach() for p in runner.model.module.parameters()], f'{folder}/weights.pt')


def test_two_processes_equal_one_on_the_joined_batch(tmp_path):
    in_two_processes(_train, tmp_path)
    single = make_runner(tmp_path / 'single', dict(undo_start=0.5), iters=STEPS, batch_size=8, **OPTIONS)
    single.train()
    distributed = torch.load(tmp_path / 'weights.pt')
    for (name, ours), theirs in zip(single.model.named_parameters(), distributed, strict=True):
        torch.testing.assert_close(theirs, ours, msg=name)
