# Copyright (c) mmtips authors. All rights reserved.
"""Reading published archives, which come from strangers: nothing is unpacked by the names that they give."""

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

#: The largest file of an archive, unpacked: far above any image of the data sets here, far below a memory.
MAX_BYTES = 64 * 2**20

#: Paths in an archive, and what reads the file.
Members = Mapping[str, Callable[[], bytes]]


@contextmanager
def open_archive(path: str | Path) -> Iterator[Members]:
    """Open a zip archive, or the folder that it was unpacked to.

    Args:
        path: The file or folder.

    Yields:
        A function for each file that reads it, by its path in the archive with forward slashes. Reading from an archive
        verifies the checksum.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no zip archive, or is damaged, or has an entry that no data set needs: a path that leads
            out of it, a link, an encrypted or an enormous file. While reading too.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f'archive: no file {path}: download it first')
    if path.is_dir():
        yield dict(_unpacked(path))
        return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            for entry in entries:
                _require_harmless(path, entry)
            yield {entry.filename: _reader(path, archive, entry) for entry in entries}
    except zipfile.BadZipFile as error:
        raise ValueError(f'archive: {path} is damaged or no zip archive ({error}): download it again, or give the '
                         'folder that it was unpacked to') from error


def _unpacked(folder: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for file in sorted(folder.rglob('*')):
        name = file.relative_to(folder).as_posix()
        if file.is_symlink():
            raise ValueError(f'archive: {folder}: {name!r} is a link: put the file itself there')
        if file.is_file():
            if file.stat().st_size > MAX_BYTES:
                raise ValueError(f'archive: {folder}: {name!r} is larger than {MAX_BYTES >> 20} MiB: this is not the '
                                 'published one')
            yield name, file.read_bytes


def _require_harmless(path: Path, entry: zipfile.ZipInfo) -> None:
    name = PurePosixPath(entry.filename.replace('\\', '/'))
    faults = {
        'leads out of the archive': name.is_absolute() or '..' in name.parts or ':' in str(name),
        'is a link': stat.S_ISLNK(entry.external_attr >> 16),
        'is encrypted': bool(entry.flag_bits & 1),
        # Other methods give more than they are asked for.
        'is packed in an unusual way': entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
        f'is larger than {MAX_BYTES >> 20} MiB': entry.file_size > MAX_BYTES,
    }
    for fault, found in faults.items():
        if found:
            raise ValueError(f'archive: {path}: its entry {entry.filename!r} {fault}: this is not the published one')


def _reader(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], bytes]:

    def read() -> bytes:
        try:
            with archive.open(entry) as file:
                return file.read(entry.file_size + 1)  # never more: what an entry says of its size may be a lie
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise ValueError(f'archive: {path} is damaged at {entry.filename!r} ({error}): download it '
                             'again') from error

    return read


def require_count(what: str, found: int, expected: int) -> None:
    """Refuse an archive that is not whole.

    Args:
        what: What is counted.
        found: How many there are.
        expected: How many were published.

    Raises:
        ValueError: If they differ.
    """
    if found != expected:
        raise ValueError(f'archive: expected {expected:,} {what}, as published, found {found:,}: is it the whole data '
                         'set? Download it again')
