# Copyright (c) mmtips authors. All rights reserved.
import argparse

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS
from PIL import Image

from mmtips import cli, runners

DEFAULTS = dict(protocols=['standard', 'lps'], max_shift=None, pairs=None, seed=0, size_divisor=1, subpixel=1,
                shift_map=0, map_protocol='standard', map_step=1, map_images=16, sampling_images=16, background=None,
                ignore_index=None,
                border=3)


@DATASETS.register_module()
class TIPSToyFiles(BaseDataset):

    def load_data_list(self):
        return [dict(img_path=path) for path in self.ann_file.split(',')]

    def _join_prefix(self):
        pass


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f'{index}.png' for index in range(4)]
    for path in paths:
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)
    paths[1].write_bytes(paths[1].read_bytes()[:30])
    return Config(dict(test_cfg={}, test_dataloader=dict(dataset=dict(
        type='TIPSToyFiles', ann_file=','.join(map(str, paths)), indices=[3, 1, 0], serialize_data=False))))


def test_unreadable_images_are_left_out_of_what_was_chosen(files):
    with pytest.raises(ValueError, match='1 of 3 images cannot be read'):
        cli.leave_out_unreadable(files, skip_bad=False)
    fault, = cli.leave_out_unreadable(files, skip_bad=True)
    assert '1.png' in fault
    assert files.test_dataloader.dataset.indices == [3, 0]
    assert cli.leave_out_unreadable(files, skip_bad=False) == []


@pytest.mark.parametrize(('indices', 'left'), [(None, [0, 2, 3]), (2, [0]), (-3, [-2, -1]), (-4, [-4, -2, -1]),
                                               ((-3, 3), [3])])
def test_the_first_and_the_last_images(files, indices, left):
    files.test_dataloader.dataset.indices = indices
    chosen = [info['img_path'] for info in DATASETS.build(files.test_dataloader.dataset)]
    assert len(cli.leave_out_unreadable(files, skip_bad=True)) == 1
    assert files.test_dataloader.dataset.indices == left
    rest = [info['img_path'] for info in DATASETS.build(files.test_dataloader.dataset)]
    assert rest == [path for path in chosen if not path.endswith('1.png')]


def test_processes_of_a_launcher_meet_before_the_images_are_read(files, monkeypatch):
    joined = []
    monkeypatch.setattr(runners, 'init_dist', lambda launcher, **options: joined.append((launcher, options)))
    files.update(launcher='slurm', env_cfg=dict(dist_cfg=dict(backend='gloo')))
    cli.leave_out_unreadable(files, skip_bad=True)
    assert joined == [('slurm', dict(backend='gloo'))]


def test_shifts_in_pixels_and_shares():
    assert cli.pixels_or_share('8') == 8
    assert isinstance(cli.pixels_or_share('8'), int)
    assert cli.pixels_or_share('0.25') == 0.25


def test_folders_are_tried_before_the_run(tmp_path):
    cli.require_writable(tmp_path / 'a/b/out.json')
    assert list((tmp_path / 'a/b').iterdir()) == []
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='file/c: the results could not be written there'):
        cli.require_writable(tmp_path / 'out.json', tmp_path / 'file/c')
    with pytest.raises(IsADirectoryError, match='--out: expected a file, and .*a is a folder: name a file in it'):
        cli.require_writable(tmp_path / 'a')


def test_the_first_images_are_taken_of_what_takes_indices():
    plain, nested = (Config(dict(test_dataloader=dict(dataset=of))) for of in (
        dict(type='CIFAR10'), dict(type='ConcatDataset', datasets=[])))
    cli.take_images(plain, 0)
    assert 'indices' not in plain.test_dataloader.dataset
    cli.take_images(plain, 5)
    assert plain.test_dataloader.dataset.indices == 5
    cli.take_images(nested, 0)
    with pytest.raises(ValueError, match='--images: expected a data set that takes indices, got ConcatDataset'):
        cli.take_images(nested, 5)


def test_files_that_are_missing_are_named(tmp_path):
    cli.require_files(checkpoint=None)
    with pytest.raises(FileNotFoundError, match='checkpoint: no file .*x.pth'):
        cli.require_files(checkpoint=tmp_path / 'x.pth')


def journal_of(tmp_path, **options):
    (tmp_path / 'weights').write_bytes(options.pop('weights', b'a'))
    config = Config(dict(test_cfg=dict(type='TestLoop')))
    args = argparse.Namespace(checkpoint=tmp_path / 'weights', **(DEFAULTS | options))
    return cli.shift_config(config, args, tmp_path / 'shift.json').test_cfg


def test_the_loop_gets_what_was_asked_for(tmp_path):
    loop = journal_of(tmp_path, shift_map=4, max_shift=0.1)
    assert [protocol['name'] for protocol in loop['protocols']] == ['standard', 'lps']
    assert loop['protocols'][0]['max_shift'] == 0.1
    assert loop['shift_map'] == dict(protocol='standard', max_shift=4, step=1, images=16, size_divisor=1)
    assert journal_of(tmp_path)['shift_map'] is None


def test_another_measurement_has_another_journal(tmp_path):
    names = {journal_of(tmp_path, **options)['journal']
             for options in ({}, {}, dict(seed=1), dict(weights=b'b'), dict(border=2))}
    assert len(names) == 4
    assert all(name.startswith(str(tmp_path / 'shift.')) for name in names)
