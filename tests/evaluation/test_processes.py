# Copyright (c) mmtips authors. All rights reserved.
"""Two gloo processes against one: the same figures, also where the images do not divide evenly."""

import torch
from PIL import Image

from mmtips.evaluation import images  # and registers the loops in the processes
from tests.evaluation.toys import StripedImages, make_runner
from tests.gloo import in_two_processes

OPTIONS = dict(sampling_images=3, shift_map=dict(protocol='standard', max_shift=1, images=4), names=['standard', 'lps'])


class Broken:
    """Three images, of which the second is none."""

    def __init__(self, folder):
        self.folder = folder

    def __len__(self):
        return 3

    def get_data_info(self, index):
        return dict(img_path=f"{self.folder}/{'broken' if index == 1 else 'whole'}.png")


def _test(rank, folder):
    runner = make_runner(f'{folder}/two', 'scores', StripedImages(images=5), launcher='pytorch',
                         journal=f'{folder}/shift', **OPTIONS)
    metrics = runner.test()
    if rank == 0:
        torch.save([metrics, runner.test_loop.metric.summaries], f'{folder}/two.pt')
    runner.test_loop.finish()
    if rank == 1:  # it is told what the other one finds
        images.find_unreadable = None
    found = images.readable_indices(Broken(folder), skip_bad=True)
    torch.save(found, f'{folder}/readable{rank}.pt')


def test_two_processes_say_what_one_says(tmp_path):
    Image.new('L', (4, 4)).save(tmp_path / 'whole.png')
    in_two_processes(_test, tmp_path)
    single = make_runner(tmp_path / 'one', 'scores', StripedImages(images=5), **OPTIONS)
    metrics = single.test()
    assert torch.load(tmp_path / 'two.pt') == [metrics, single.test_loop.metric.summaries]
    assert metrics['shift/lps/overall'] > 90
    (kept, (fault, )), other = (torch.load(tmp_path / f'readable{rank}.pt') for rank in (0, 1))
    assert (kept, [fault]) == other == ([0, 2], [fault])
    assert 'broken.png' in fault
    assert not list(tmp_path.glob('*.journal'))
