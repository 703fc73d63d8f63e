# Copyright (c) mmtips authors. All rights reserved.
"""From published archives to what the hosts read: on small ones of the same layout."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image
from scipy.io import savemat

from mmtips.datasets import CVC_CLINICDB, KVASIR_SEG, convert_polyps, convert_tiny_imagenet, tiny_imagenet
from tests.datasets.archives import clinicdb_files, disc, encoded, kvasir_files, noise, tiny_files, write_zip

ROOT = Path(__file__).parents[2]
#: Frames of the last three videos, of 25, 20 and 21 frames.
assert CVC_CLINICDB.count - CVC_CLINICDB.held_out + 1 == 547
KVASIR = dataclasses.replace(KVASIR_SEG, count=6, held_out=2)
CLINICDB = dataclasses.replace(CVC_CLINICDB, count=12, held_out=3)


@pytest.fixture
def few(monkeypatch):
    """Tiny ImageNet is smaller still."""
    for name, count in (('CLASSES', 2), ('TRAIN_IMAGES', 3), ('VAL_IMAGES', 4)):
        monkeypatch.setattr(tiny_imagenet, name, count)


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file())


def test_kvasir_seg(tmp_path):
    files = kvasir_files()
    meta = convert_polyps(KVASIR, write_zip(tmp_path / 'kvasir-seg.zip', files), tmp_path / 'out', report=str)
    assert meta['images'] == dict(train=4, val=2)
    images = [name for name in names(tmp_path / 'out') if name.startswith('img_dir')]
    assert len(images) == 6
    for name in images:
        stem = Path(name).stem
        assert ('val' in name) == (stem in meta['val'])
        assert (tmp_path / 'out' / name).read_bytes() == files[f'Kvasir-SEG/images/{stem}.jpg']
        mask = np.asarray(Image.open(tmp_path / 'out' / name.replace('img_dir', 'ann_dir').replace('.jpg', '.png')))
        assert mask.dtype == np.uint8
        assert np.unique(mask).tolist() == [0, 1]
        assert (mask == (disc(*mask.shape) >= 128)).mean() > 0.99  # but for what the compression left


def test_the_split_of_kvasir_seg_follows_the_seed(tmp_path):
    path = write_zip(tmp_path / 'x.zip', kvasir_files())
    splits = [convert_polyps(KVASIR, path, tmp_path / str(number), seed, report=str)['val']
              for number, seed in enumerate((0, 0, 4))]
    assert splits[0] == splits[1] != splits[2]
    own = convert_polyps(KVASIR, path, tmp_path / 'own', val_names=['cju3'], report=str)
    assert own['val'] == ['cju3']
    assert own['images'] == dict(train=5, val=1)
    with pytest.raises(ValueError, match=r"val_names: .* got \['nobody'\]"):
        convert_polyps(KVASIR, path, tmp_path / 'x', val_names=['nobody'], report=str)


@pytest.mark.parametrize('kind', ['tif', 'png'])
def test_cvc_clinicdb_holds_out_the_last_frames(tmp_path, kind):
    meta = convert_polyps(CLINICDB, write_zip(tmp_path / 'x.zip', clinicdb_files(kind=kind)), tmp_path / 'out',
                          report=str)
    assert meta['val'] == ['10', '11', '12']  # by number, not by letters
    assert names(tmp_path / 'out/img_dir/val') == ['10.png', '11.png', '12.png']
    assert np.array_equal(Image.open(tmp_path / 'out/img_dir/train/7.png'), noise(36, 48, 7))


def test_of_two_formats_png_counts(tmp_path):
    files = clinicdb_files(kind='png') | dict.fromkeys(clinicdb_files(kind='tif'), b'another format')
    convert_polyps(CLINICDB, write_zip(tmp_path / 'x.zip', files), tmp_path / 'out', report=str)


def without(files, part):
    return {name: content for name, content in files.items() if part not in name}


@pytest.mark.parametrize(('files', 'message'), [
    (without(kvasir_files(), 'images/cju2'), 'expected 6 images of Kvasir-SEG, as published, found 5'),
    (without(kvasir_files(), 'masks/cju2'), 'expected 6 masks of Kvasir-SEG, as published, found 5'),
    (kvasir_files(7), 'expected 6 images of Kvasir-SEG, as published, found 7'),
    (kvasir_files() | {'Kvasir-SEG/masks/cju2.jpg': encoded(disc(40, 40), 'JPEG')}, 'they are no pair'),
    (kvasir_files() | {'Kvasir-SEG/masks/cju2.jpg': encoded(disc(40, 40) // 4, 'JPEG')}, 'published as 0 and 255'),
    (kvasir_files() | {'Kvasir-SEG/masks/cju2.jpg': b'no picture'}, 'is no readable image'),
    (kvasir_files() | {'Kvasir-SEG/images/cju2.jpg': kvasir_files()['Kvasir-SEG/images/cju2.jpg'][:-200]},
     'is no readable image'),
    (kvasir_files() | {'../cju.jpg': b''}, 'leads out of the archive'),
])
def test_bad_archives_leave_nothing_behind(tmp_path, files, message):
    path = write_zip(tmp_path / 'x.zip', files)
    with pytest.raises(ValueError, match=message):
        convert_polyps(KVASIR, path, tmp_path / 'out', report=str)
    assert list(tmp_path.iterdir()) == [path]


def test_a_finished_set_is_left_alone(tmp_path):
    path, lines = write_zip(tmp_path / 'x.zip', kvasir_files()), []
    convert_polyps(KVASIR, path, tmp_path / 'out', report=str)
    (tmp_path / 'out/mine.txt').write_text('notes')
    convert_polyps(KVASIR, path, tmp_path / 'out', report=lines.append)
    assert 'nothing to do' in lines[0]
    with pytest.raises(FileExistsError, match='Nothing was changed'):
        convert_polyps(KVASIR, path, tmp_path / 'out', val_names=['cju1'], report=str)
    assert (tmp_path / 'out/mine.txt').read_text() == 'notes'


@pytest.mark.usefixtures('few')
def test_tiny_imagenet(tmp_path):
    files = tiny_files()
    meta = convert_tiny_imagenet(write_zip(tmp_path / 'tiny.zip', files), tmp_path / 'out', report=str)
    assert meta['words'] == {name: f'thing, {name}' for name in ('n00000001', 'n00000002')}
    found = names(tmp_path / 'out')
    assert len(found) == 2 * 3 + 4 + 1
    assert 'val/n00000002/val_3.JPEG' in found
    assert (tmp_path / 'out/train/n00000001/n00000001_2.JPEG').read_bytes() == files[
        'tiny/train/n00000001/images/n00000001_2.JPEG']


@pytest.mark.usefixtures('few')
@pytest.mark.parametrize(('lost', 'message'), [
    ('n00000001_2.JPEG', 'expected 3 images in the smallest class, as published, found 2'),
    ('images/val_1', 'expected 4 labelled images for validation, as published, found 3'),
    ('train/n00000002', 'expected 2 classes with training images, as published, found 1'),
    ('wnids.txt', 'expected 1 file wnids.txt, as published, found 0'),
])
def test_bad_tiny_imagenet(tmp_path, lost, message):
    path = write_zip(tmp_path / 'tiny.zip', without(tiny_files(), lost))
    with pytest.raises(ValueError, match=message):
        convert_tiny_imagenet(path, tmp_path / 'out', report=str)
    assert list(tmp_path.iterdir()) == [path]


def food101(folder):
    for split, label in (('train', 'apple_pie'), ('test', 'waffles')):
        (folder / 'images' / label).mkdir(parents=True)
        (folder / f'images/{label}/1.jpg').write_bytes(encoded(noise(90, 70), 'JPEG'))
        (folder / 'meta').mkdir(exist_ok=True)
        (folder / f'meta/{split}.txt').write_text(f'{label}/1\n')


def flowers102(folder):
    (folder / 'jpg').mkdir(parents=True)
    for number in (1, 2, 3, 4, 5, 6):
        (folder / f'jpg/image_{number:05d}.jpg').write_bytes(encoded(noise(90, 70), 'JPEG'))
    savemat(folder / 'imagelabels.mat', dict(labels=np.array([[3, 7, 7, 102, 1, 1]])))
    savemat(folder / 'setid.mat', dict(trnid=np.array([[1, 2]]), valid=np.array([[3, 4]]), tstid=np.array([[5, 6]])))


MADE = {
    'kvasir_seg': lambda out: convert_polyps(KVASIR, write_zip(out.parent / 'x.zip', kvasir_files()), out, report=str),
    'cvc_clinicdb': lambda out: convert_polyps(CLINICDB, write_zip(out.parent / 'x.zip', clinicdb_files()), out,
                                               report=str),
    'tiny_imagenet': lambda out: convert_tiny_imagenet(write_zip(out.parent / 'x.zip', tiny_files()), out, report=str),
    'food101': food101,
    'flowers102': flowers102,
}


@pytest.mark.usefixtures('few')
@pytest.mark.parametrize('name', MADE)
def test_recipes_read_what_there_is(scope, name, tmp_path):
    """Every split of a data set of ours, through the pipelines of its recipes."""
    host = 'mmseg' if name in ('kvasir_seg', 'cvc_clinicdb') else 'mmpretrain'
    scope(host)
    MADE[name](tmp_path / name)
    config = Config.fromfile(ROOT / f'configs/_base_/datasets/{name}.py')
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        assert Path(loader.dataset.data_root) == Path('data', name.replace('food101', 'food-101'))
        dataset = DATASETS.build(dict(loader.dataset, data_root=str(tmp_path / name), _scope_=host))
        sample = dataset[0]
        assert sample['inputs'].shape == (3, *dict(mmseg=(352, 352)).get(
            host, (64, 64) if name == 'tiny_imagenet' else (224, 224)))
        if host == 'mmseg':
            assert sample['data_samples'].gt_sem_seg.data.unique().tolist() == [0, 1]
        else:
            assert int(sample['data_samples'].gt_label) < config.data_preprocessor.num_classes


def test_the_tool(tmp_path):
    """It says what is wrong in one line, since no small archive is whole."""
    path = write_zip(tmp_path / 'kvasir-seg.zip', kvasir_files())
    command = [sys.executable, 'tools/dataset_converters/published.py', 'kvasir_seg', path, '--out', tmp_path / 'out']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith('archive: expected 1,000 images of Kvasir-SEG, as published')
    assert 'Traceback' not in done.stderr


def test_a_missing_set_names_its_converter(tmp_path):
    pytest.importorskip('mmseg.datasets')
    init_default_scope('mmseg')
    with pytest.raises(FileNotFoundError, match='tools/dataset_converters/published.py kvasir_seg ARCHIVE'):
        DATASETS.build(dict(type='KvasirSEG', data_root=str(tmp_path)))
