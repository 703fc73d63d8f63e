# Copyright (c) mmtips authors. All rights reserved.
import hashlib

import numpy as np
import pytest
from PIL import Image

from mmtips.evaluation.images import data_digest, find_unreadable, readable_indices


class Files:

    def __init__(self, infos):
        self.infos = infos

    def __len__(self):
        return len(self.infos)

    def get_data_info(self, index):
        return self.infos[index]


@pytest.fixture
def dataset(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    for name in ('good.jpg', 'good.png', 'short.jpg', 'short.png'):
        Image.fromarray(noise).save(tmp_path / name)
    for name in ('short.jpg', 'short.png'):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[:len(content) * 2 // 3])
    (tmp_path / 'text.png').write_text('<html>not found</html>')
    paths = [dict(img_path=str(tmp_path / name)) for name in ('good.jpg', 'short.jpg', 'text.png', 'missing.png')]
    return Files([*paths, dict(img_path=str(tmp_path / 'good.jpg'), seg_map_path=str(tmp_path / 'short.png')),
                  dict(img=noise), dict(img_path='s3://bucket/key.png'),
                  dict(img_path=str(tmp_path / 'good.jpg'), seg_map_path=str(tmp_path / 'good.png'))])


def test_truncated_broken_and_missing_files_are_named(dataset, capsys):
    faults = find_unreadable(dataset)
    assert '] 8/8, ' in capsys.readouterr().out  # how far it is
    assert sorted(faults) == [1, 2, 3, 4]
    for index, name in {1: 'short.jpg', 2: 'text.png', 3: 'missing.png', 4: 'short.png'}.items():
        assert name in faults[index]


def test_they_are_skipped_only_on_request(dataset):
    with pytest.raises(ValueError, match=r'(?s)4 of 8 images cannot be read.*--skip-bad.*short.jpg'):
        readable_indices(dataset, skip_bad=False)
    indices, faults = readable_indices(dataset, skip_bad=True)
    assert indices == [0, 5, 6, 7]
    assert len(faults) == 4


def test_nothing_left_is_an_error(dataset):
    with pytest.raises(ValueError, match='none of the 1 images'):
        readable_indices(Files(dataset.infos[1:2]), skip_bad=True)


def test_data_sets_without_files_are_passed_over():
    assert readable_indices([1, 2], skip_bad=False) == ([0, 1], [])


def test_what_other_loaders_read_is_passed_over(tmp_path):
    np.save(tmp_path / 'scan.npy', np.zeros(3))
    infos = [dict(img_path=str(tmp_path / name)) for name in ('scan.npy', 'scene.tif')]
    assert find_unreadable(Files(infos)) == {}
    assert find_unreadable(Files([dict(img_path='key_in_a_data_base.png')])) == {}


class Named(Files):

    def __init__(self, names, root='', classes=('a', 'b')):
        super().__init__([dict(img_path=name) for name in names])
        self.data_root, self.metainfo = root, dict(classes=classes)


def test_the_digest_is_of_names_and_classes():
    text = '{"images": ["test/1.png", "test/2.png"], "classes": ["a", "b"]}'
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert data_digest(Named(['/mnt/x/test/2.png', '/mnt/x/test/1.png'], '/mnt/x')) == expected
    assert data_digest(Named(['data/test/1.png', 'data/test/2.png'], 'data/')) == expected  # elsewhere, in any order
    others = [Named(['data/test/1.png', 'data/test/3.png'], 'data'),
              Named(['data/val/1.png', 'data/val/2.png'], 'data'), Named(['data/test/1.png'], 'data'),
              Named(['data/test/1.png', 'data/test/2.png'], 'data', ('b', 'a'))]
    assert len({expected, *map(data_digest, others)}) == 5


def test_without_a_root_names_count_from_the_common_folder():
    digests = {data_digest(Named([f'{root}/a/1.png', f'{root}/b/1.png'])) for root in ('/mnt/x', 'data', 's3://bucket')}
    assert len(digests) == 1
    assert data_digest(Named(['C:\\x\\a\\1.png', 'C:\\x\\b\\1.png'], 'C:\\x')) in digests


def test_images_without_files_have_no_digest(dataset):
    assert data_digest(dataset) is None
    assert data_digest([1, 2]) is None
