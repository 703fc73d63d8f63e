# Copyright (c) mmtips authors. All rights reserved.
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image

from mmtips.datasets.digits import files, write_scattered_digits

TOOL = Path(__file__).parents[2] / 'tools/dataset_converters/scattered_digits.py'
SIZES = {task: dict(train=12, val=10, test=10) for task in ('seg', 'cls')}


def digest(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob('*')) if path.is_file()}


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp('digits') / 'small'
    write_scattered_digits(folder, sizes=SIZES, report=str)
    return folder


def test_two_runs_are_equal_byte_for_byte(small, tmp_path):
    write_scattered_digits(tmp_path / 'again', sizes=SIZES, report=str)
    assert digest(tmp_path / 'again') == digest(small)


def test_a_smaller_set_is_a_prefix_of_a_larger_one(small, tmp_path):
    larger = {task: dict(train=14, val=11, test=10) for task in SIZES}
    write_scattered_digits(tmp_path / 'larger', sizes=larger, report=str)
    files = digest(tmp_path / 'larger')
    assert {path: files[path] for path in digest(small) if path.endswith('.png')} == \
        {path: value for path, value in digest(small).items() if path.endswith('.png')}


def test_meta_says_what_there_is(small):
    meta = json.loads((small / 'meta.json').read_text())
    assert meta['sizes'] == SIZES
    assert sum(meta['counts']['seg']['train'].values()) == 12 * 128 * 128
    assert sum(meta['counts']['cls']['val'].values()) == 10
    assert len(meta['palette']) == 11
    assert 'CC BY' in str(meta['sources'])


def test_the_same_set_again_is_left_alone(small):
    before, lines = digest(small), []
    write_scattered_digits(small, sizes=SIZES, report=lines.append)
    assert digest(small) == before
    assert 'nothing to do' in lines[0]


def test_another_folder_is_never_touched(small, tmp_path):
    with pytest.raises(FileExistsError, match='seed 0 in place of 1'):
        write_scattered_digits(small, seed=1, sizes=SIZES, report=str)
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/thesis.txt').write_text('years of work')
    with pytest.raises(FileExistsError, match='Nothing was changed: move it away'):
        write_scattered_digits(tmp_path / 'mine', sizes=SIZES, report=str)
    assert (tmp_path / 'mine/thesis.txt').read_text() == 'years of work'


def test_an_interrupted_run_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*args):
        raise KeyboardInterrupt

    monkeypatch.setitem(files._WRITERS, 'cls', fail)
    with pytest.raises(KeyboardInterrupt):
        write_scattered_digits(tmp_path / 'digits', sizes=SIZES, report=str)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(('seed', 'sizes', 'message'), [
    (-1, SIZES, 'seed: expected an integer >= 0'),
    (0, dict(seg=SIZES['seg']), 'sizes: expected the tasks'),
    (0, dict(SIZES, cls=dict(train=12, val=10, test=0)), 'integers of at least 10'),
])
def test_requests_are_checked(tmp_path, seed, sizes, message):
    with pytest.raises(ValueError, match=message):
        write_scattered_digits(tmp_path / 'x', seed, sizes, report=str)
    assert not (tmp_path / 'x').exists()


def test_segmentation_goes_through_the_host(small):
    pytest.importorskip('mmseg.datasets')
    init_default_scope('mmseg')
    pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'), dict(type='PackSegInputs')]
    dataset = DATASETS.build(dict(type='ScatteredDigits', data_root=str(small), split='val', pipeline=pipeline))
    assert type(dataset).__name__ == 'BaseSegDataset'
    assert len(dataset) == 10
    assert dataset.metainfo['classes'][0] == 'background'
    sample = dataset[3]
    assert sample['inputs'].shape == (3, 128, 128)
    labels = sample['data_samples'].gt_sem_seg.data
    assert labels.shape == (1, 128, 128)
    assert len(labels.unique()) > 1


@pytest.mark.parametrize('scope', ['mmpretrain', 'mmseg'])
def test_classification_goes_through_the_host(small, scope):
    pytest.importorskip('mmpretrain.datasets')
    pytest.importorskip(f'{scope}.datasets')
    init_default_scope(scope)
    dataset = DATASETS.build(dict(type='ScatteredDigitsClassification', data_root=str(small), split='train',
                                  pipeline=[dict(type='LoadImageFromFile'), dict(type='PackInputs')], _scope_=scope))
    assert len(dataset) == 12
    sample = dataset[0]
    assert sample['inputs'].shape == (3, 64, 64)
    assert sorted({int(dataset[k]['data_samples'].gt_label) for k in range(12)}) == list(range(10))


@pytest.mark.parametrize('kind', ['ScatteredDigits', 'ScatteredDigitsClassification'])
def test_bad_requests_of_a_config_are_named(kind, tmp_path):
    with pytest.raises(ValueError, match="split: expected one of .* got 'dev'"):
        DATASETS.build(dict(type=kind, split='dev'))
    with pytest.raises(FileNotFoundError, match='Make the data set with: python tools/dataset_converters'):
        DATASETS.build(dict(type=kind, data_root=str(tmp_path / 'missing')))


def test_a_missing_host_is_named(small, monkeypatch):
    monkeypatch.setattr('mmtips.hosts.find_spec', lambda name: None)
    with pytest.raises(ImportError, match='needs mmseg, which is not installed: pip install mmsegmentation'):
        DATASETS.build(dict(type='ScatteredDigits', data_root=str(small)))


def test_the_tool(tmp_path):
    command = [sys.executable, str(TOOL), f'--out={tmp_path}/out', f'--contact-sheet={tmp_path}/sheet.png']
    command += [f'--{name}=10' for name in ('train', 'val', 'test')]
    command += [f'--cls-{name}=20' for name in ('train', 'val', 'test')]
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 'share of the pixels: background' in first.stdout
    assert Image.open(tmp_path / 'sheet.png').width > 600
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert 'sheet.png exists: move it away' in again.stderr
