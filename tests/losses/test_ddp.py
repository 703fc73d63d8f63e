# Copyright (c) mmtips authors. All rights reserved.
"""Two gloo processes against one process on the joined batch."""

import os

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import MODEL_WRAPPERS

from tests.losses.models import make_runner

STEPS = 3
OPTIONS = dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9)))


def _train(rank, folder):
    os.environ.update(MASTER_ADDR='127.0.0.1', RANK=str(rank), WORLD_SIZE='2', LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)

    @MODEL_WRAPPERS.register_module()
    class GlooDDP(MMDistributedDataParallel):
        """mmengine passes device ids even on a CPU, where DDP refuses them."""

        def __init__(self, module, device_ids=None, **kwargs):
            super().__init__(module=module, **kwargs)

    runner = make_runner(f'{folder}/ddp', dict(undo_start=0.5), iters=STEPS, batch_size=4, launcher='pytorch',
                         cfg=dict(model_wrapper_cfg=dict(type='GlooDDP')), **OPTIONS)
    runner.train()
    if rank == 0:
        torch.save([p.detach() for p in runner.model.module.parameters()], f'{folder}/weights.pt')
    dist.destroy_process_group()


def test_two_processes_equal_one_on_the_joined_batch(tmp_path):
    mp.spawn(_train, args=(str(tmp_path), ), nprocs=2)
    single = make_runner(tmp_path / 'single', dict(undo_start=0.5), iters=STEPS, batch_size=8, **OPTIONS)
    single.train()
    distributed = torch.load(tmp_path / 'weights.pt')
    for (name, ours), theirs in zip(single.model.named_parameters(), distributed, strict=True):
        torch.testing.assert_close(theirs, ours, msg=name)
