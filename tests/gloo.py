# Copyright (c) mmtips authors. All rights reserved.
"""What every test of several processes on a CPU needs."""

import os

import torch
import torch.distributed as dist
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import MODEL_WRAPPERS


@MODEL_WRAPPERS.register_module()
class GlooDDP(MMDistributedDataParallel):
    """mmengine passes device ids even on a CPU, where DDP refuses them."""

    def __init__(self, module, device_ids=None, **kwargs):
        super().__init__(module=module, **kwargs)


def join(rank, folder):
    """Become one of two processes that meet in a folder."""
    os.environ.update(MASTER_ADDR='127.0.0.1', RANK=str(rank), WORLD_SIZE='2', LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
