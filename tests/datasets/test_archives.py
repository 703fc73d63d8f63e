# Copyright (c) mmtips authors. All rights reserved.
"""Archives come from strangers."""

import stat
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


@pytest.mark.parametrize('name', ['../x.txt', 'a/../../x.txt', '/etc/x.txt', 'C:/x.txt', '..\\x.txt'])
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
