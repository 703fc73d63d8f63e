# Copyright (c) mmtips authors. All rights reserved.
"""A journal of a long evaluation, so that it goes on where it was stopped."""

import io
import os
import struct
from pathlib import Path
from typing import Any

import torch

_LENGTH = struct.Struct('<Q')


class Journal:
    """Entries on disk, each written down at once; a torn last one, of a process that was killed, is dropped.

    Entries are read with ``weights_only``: nothing in the file is executed.

    Args:
        path: The file; it is made if there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.entries: list[Any] = []
        with path.open('ab+') as file:
            file.seek(0)
            end = 0
            while (content := _read(file)) is not None:
                self.entries.append(torch.load(io.BytesIO(content), weights_only=True))
                end = file.tell()
            file.truncate(end)

    def append(self, entry: Any) -> None:
        """Write an entry down.

        Args:
            entry: Tensors, numbers, strings, and lists, tuples and dicts of them.

        Raises:
            TypeError: If it holds anything else, which could not be read again.
        """
        buffer = io.BytesIO()
        try:
            torch.save(entry, buffer)
            torch.load(io.BytesIO(buffer.getvalue()), weights_only=True)
        except Exception as error:  # what pickle raises has no common class
            raise TypeError(f'{self.path}: cannot write down {type(entry).__name__}: expected tensors, numbers, '
                            f'strings and containers of them ({error})') from error
        content = buffer.getvalue()
        with self.path.open('ab') as file:
            file.write(_LENGTH.pack(len(content)) + content)
            file.flush()
            os.fsync(file.fileno())

    def remove(self) -> None:
        """Remove the file, once what it was for is done."""
        self.path.unlink(missing_ok=True)


def _read(file: io.BufferedRandom) -> bytes | None:
    """The next whole entry."""
    head = file.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length, = _LENGTH.unpack(head)
    content = file.read(length)
    return content if len(content) == length else None
