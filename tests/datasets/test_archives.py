# Copyright (c) mmtips authors. All rights reserved.
"""Archives come from strangers."""

import stat
import tracemalloc
import zipfile

import pytest

from mmtips.datasets import archives, open_archive
from tests.datasets.archives import write_zip


def test_an_archive_and_its_folder_read_alike(tmp_path):
    files = {'a/x.txt': b'one', 'a/b/y.txt': b'two'}
    path = write_zip(tmp_path / 'x.zip', files)
    zipfile.ZipFile(path).extractall(tmp_path / 'unpacked')
    for source in (path, tmp_path / 'unpacked'):
        with open_archive(source) as members:
            assert {name: read() for name, read in members.items()} == files


@pytest.mark.parametrize('name', ['../x.txt', 'a/../../x.txt', '/etc/x.txt', 'C:/x.txt', '..\\x.txt', '..'])
def test_paths_that_lead_out_are_refused(tmp_path, name):
    path = write_zip(tmp_path / 'x.zip', {'fine.txt': b'', name: b'gotcha'})
    with pytest.raises(ValueError, match='leads out of the archive: this is not the published one'), \
            open_archive(path):
        pass


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo('images/link')
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / 'x.zip', 'w') as archive:
        archive.writestr(link, '/etc/passwd')
    with pytest.raises(ValueError, match="'images/link' is a link"), open_archive(tmp_path / 'x.zip'):
        pass


def test_enormous_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, 'MAX_BYTES', 2**20)
    with zipfile.ZipFile(tmp_path / 'x.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('bomb', bytes(2**20 + 1))
    with pytest.raises(ValueError, match="'bomb' is larger than 1 MiB"), open_archive(tmp_path / 'x.zip'):
        pass


def test_a_lie_about_the_size_unpacks_no_more_than_it_says(tmp_path):
    """Memory stays bounded by what was checked."""
    path, length = tmp_path / 'x.zip', 0x3abcdef
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('bomb', bytes(length))
    content, size = bytearray(path.read_bytes()), length.to_bytes(4, 'little')
    while size in content:
        content[content.index(size):content.index(size) + 4] = (10).to_bytes(4, 'little')
    path.write_bytes(content)
    tracemalloc.start()
    with open_archive(path) as members, pytest.raises(ValueError, match="is damaged at 'bomb'"):
        members['bomb']()
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


@pytest.mark.parametrize('method', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_without_a_bound_are_refused(tmp_path, method):
    with zipfile.ZipFile(tmp_path / 'x.zip', 'w', method) as archive:
        archive.writestr('a', bytes(1000))
    with pytest.raises(ValueError, match="'a' is packed in an unusual way"), open_archive(tmp_path / 'x.zip'):
        pass


def test_links_in_a_folder_are_refused(tmp_path):
    (tmp_path / 'secret').write_text('mine')
    (tmp_path / 'unpacked').mkdir()
    (tmp_path / 'unpacked/1.tif').symlink_to(tmp_path / 'secret')
    with pytest.raises(ValueError, match=r"'1\.tif' is a link: put the file itself there"), \
            open_archive(tmp_path / 'unpacked'):
        pass


def test_encrypted_files_are_refused(tmp_path):
    path = write_zip(tmp_path / 'x.zip', {'a': b'secret'})
    content = bytearray(path.read_bytes())
    content[content.index(b'PK\x01\x02') + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="'a' is encrypted"), open_archive(path):
        pass


def test_damage_is_found_while_reading(tmp_path):
    path = write_zip(tmp_path / 'x.zip', {'a': b'0123456789'})
    path.write_bytes(path.read_bytes().replace(b'0123456789', b'0123456780'))
    with open_archive(path) as members, pytest.raises(ValueError, match="is damaged at 'a' .*: download it again"):
        members['a']()


@pytest.mark.parametrize('content', [b'', b'no archive', b'Rar!\x1a\x07\x01\x00'])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / 'x.rar').write_bytes(content)
    with pytest.raises(ValueError, match='damaged or no zip archive .* give the folder that it was unpacked to'), \
            open_archive(tmp_path / 'x.rar'):
        pass


def test_half_an_archive_is_refused(tmp_path):
    path = write_zip(tmp_path / 'x.zip', {'a': bytes(1000), 'b': bytes(1000)})
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(ValueError, match='damaged or no zip archive'), open_archive(path):
        pass


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='archive: no file .*: download it first'), \
            open_archive(tmp_path / 'x.zip'):
        pass
