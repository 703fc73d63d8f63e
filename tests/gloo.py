# Copyright (c) mmtips authors. All rights reserved.
"""What every test of several processes on a CPU needs."""

import os
import sys

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import MODEL_WRAPPERS


@MODEL_WRAPPERS.register_module()
class GlooDDP(MMDistributedDataParallel):
    """mmengine passes device ids even on a CPU, where DDP refuses them."""

    def __init__(self, module, device_ids=None, **kwargs):
        super().__init__(module=module, **kwargs)


def in_two_processes(function, folder, *args):
    """Calls ``function(rank, folder, *args)`` in two processes that meet in a folder."""
    mp.spawn(_process, args=(function, folder, *args), nprocs=2)


def _process(rank, function, folder, *args):
    os.environ.update(MASTER_ADDR='127.0.0.1', RANK=str(rank), WORLD_SIZE='2', LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    function(rank, folder, *args)
    dist.barrier()
    dist.destroy_process_group()
    # Threads of gloo that let go of a tensor while the interpreter shuts down abort the process, now and then
    # (pytorch/pytorch#190489): it ends without that.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
