# Copyright (c) mmtips authors. All rights reserved.
import copy

import numpy as np
import pytest
from mmengine.registry import DATASETS, TRANSFORMS

from mmtips.datasets.digits import write_scattered_digits
from mmtips.datasets.memory import TIPSKeepLoaded, keep_loaded

LOADING = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
CROP = dict(type='RandomCrop', crop_size=(64, 64))


@TRANSFORMS.register_module()
class LoadToy:
    """Makes an image of 100 bytes, and counts how often."""

    def __init__(self):
        self.calls = 0

    def __call__(self, results):
        self.calls += 1
        return dict(results, img=np.full(100, results['value'], np.uint8)) if results['value'] < 9 else None


def toy(**options):
    keep = TIPSKeepLoaded([dict(type='LoadToy')], **options)
    return keep, keep.transforms.transforms[0]


def test_each_entry_is_loaded_once_and_given_as_a_copy():
    keep, loading = toy()
    first = keep(dict(value=1, label_map=None))
    expected = copy.deepcopy(first)
    first['img'][:] = 0  # a later transform
    again, other = keep(dict(value=1, label_map=None)), keep(dict(value=2, label_map=None))
    again['img'][:50] = 0
    assert np.array_equal(keep(dict(value=1, label_map=None))['img'], expected['img'])
    assert other['img'][0] == 2
    assert loading.calls == 2
    assert keep(dict(value=1, label_map={0: 1}))['label_map'] == {0: 1}  # another entry of the same image
    assert loading.calls == 3


def test_no_more_is_kept_than_fits():
    keep, loading = toy(megabytes=0.00025)
    for _ in range(2):
        for value in range(4):
            assert keep(dict(value=value))['img'][0] == value
    assert loading.calls == 4 + 2  # two of four fit
    with pytest.raises(ValueError, match='megabytes: expected a number >= 0, got -1'):
        toy(megabytes=-1)


def test_what_is_dropped_is_not_kept():
    keep, loading = toy()
    assert keep(dict(value=9)) is None
    assert keep(dict(value=9)) is None
    assert loading.calls == 2


def test_only_loading_at_the_beginning_is_kept():
    corrupt = dict(type='TIPSCorrupt')
    assert keep_loaded([*LOADING, CROP]) == [dict(type='TIPSKeepLoaded', transforms=LOADING), CROP]
    assert keep_loaded([LOADING[0], corrupt, LOADING[1]]) == [dict(type='TIPSKeepLoaded', transforms=LOADING[:1]),
                                                             corrupt, LOADING[1]]
    assert keep_loaded([CROP]) == [CROP]
    assert keep_loaded([]) == []


def test_training_sees_what_it_saw_without(scope, tmp_path):
    scope('mmseg')
    sizes = {task: dict(train=10, val=10, test=10) for task in ('seg', 'cls')}
    write_scattered_digits(tmp_path / 'data', sizes=sizes, report=str)
    pipeline = [*LOADING, CROP, dict(type='PackSegInputs')]
    options = dict(type='ScatteredDigits', data_root=str(tmp_path / 'data'), pipeline=pipeline)
    kept = DATASETS.build(dict(options, split='train'))
    plain = copy.copy(kept)
    plain.pipeline = type(kept.pipeline)(pipeline)
    for _ in range(2):
        for index in range(4):
            items = []
            for dataset in (kept, plain):
                np.random.seed(index)  # noqa: NPY002 - which the hosts' crops draw from
                items.append(dataset[index])
            assert items[0]['inputs'].equal(items[1]['inputs'])
            assert items[0]['data_samples'].gt_sem_seg.data.equal(items[1]['data_samples'].gt_sem_seg.data)
            assert items[0]['data_samples'].metainfo == items[1]['data_samples'].metainfo
    assert len(kept.pipeline.transforms[0]._kept) == 4
    tested = DATASETS.build(dict(options, split='test'))  # an evaluation sees each image once
    assert [type(transform).__name__ for transform in tested.pipeline.transforms][0] == 'LoadImageFromFile'
