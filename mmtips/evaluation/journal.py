# Copyright (c) mmtips authors. All rights reserved.
"""What a long run has measured, on disk, so that it goes on where it was stopped."""

import base64
import io
import os
from pathlib import Path
from typing import Any

import torch


def read_lines(path: Path) -> list[str]:
    """Read a file of lines, which is made if there is none; a torn last line, of a process that was killed, is dropped.

    Args:
        path: The file.

    Returns:
        The lines, without their ends.

    Raises:
        OSError: If the file cannot be written to.
        ValueError: If it holds no text.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open('ab+') as file:
            file.seek(0)
            content = file.read()
            whole = content[:content.rfind(b'\n') + 1]
            file.truncate(len(whole))
    except OSError as error:
        raise OSError(f'{path} cannot be written to ({error}): name a file elsewhere') from error
    try:
        return whole.decode().splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} holds no lines of text ({error}): remove it to begin anew') from error


def append_line(path: Path, line: str) -> None:
    """Write a line down; it is on disk before this returns.

    Args:
        path: The file.
        line: Text without an end of line.
    """
    with path.open('a') as file:
        file.write(f'{line}\n')
        file.flush()
        os.fsync(file.fileno())


class Journal:
    """Entries on disk, each written down at once.

    Entries are read with ``weights_only``: nothing in the file is executed.

    Args:
        path: The file; it is made if there is none.

    Raises:
        OSError: If the file cannot be written to.
        ValueError: If it is no such file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: What was there already.
        self.entries = [torch.load(io.BytesIO(base64.b64decode(line)), weights_only=True) for line in read_lines(path)]

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
        append_line(self.path, base64.b64encode(buffer.getvalue()).decode())

    def remove(self) -> None:
        """Remove the file, once what it was for is done."""
        self.path.unlink(missing_ok=True)
