# Copyright (c) mmtips authors. All rights reserved.
"""Two gloo processes against one: the same figures, also where the images do not divide evenly."""

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import mmtips.evaluation  # noqa: F401 - registers the loops in the processes
from tests.evaluation.toys import StripedImages, make_runner
from tests.gloo import join

OPTIONS = dict(sampling_images=3, shift_map=dict(protocol='standard', max_shift=1, images=4), names=['standard', 'lps'])


def _test(rank, folder):
    join(rank, folder)
    runner = make_runner(f'{folder}/two', 'scores', StripedImages(images=5), launcher='pytorch',
                         journal=f'{folder}/shift', **OPTIONS)
    metrics = runner.test()
    if rank == 0:
        torch.save([metrics, runner.test_loop.metric.summaries], f'{folder}/two.pt')
    runner.test_loop.finish()
    dist.destroy_process_group()


def test_two_processes_say_what_one_says(tmp_path):
    mp.spawn(_test, args=(str(tmp_path), ), nprocs=2)
    single = make_runner(tmp_path / 'one', 'scores', StripedImages(images=5), **OPTIONS)
    metrics = single.test()
    assert torch.load(tmp_path / 'two.pt') == [metrics, single.test_loop.metric.summaries]
    assert metrics['shift/lps/overall'] > 90
    assert not list(tmp_path.glob('*.journal'))
