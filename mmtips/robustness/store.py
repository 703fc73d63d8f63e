# Copyright (c) mmtips authors. All rights reserved.
"""Finished measurements on disk, one line each, so that a long study goes on where it was stopped."""

import json
import os
from pathlib import Path


class CellStore:
    """A JSON-lines file: a line that says what was measured, then one line for each finished cell.

    A last line that was cut off while it was written is dropped.

    Args:
        path: The file; it is made when the first cell is added, and its folder now.
        fingerprint: What the cells belong to; compared as it is.
        description: For a reader, and for the error: what the fingerprint stands for.

    Raises:
        ValueError: If the file belongs to another fingerprint, or is no such file.
        OSError: If the folder cannot be written to.
    """

    def __init__(self, path: Path, fingerprint: str, description: str) -> None:
        self.path = path
        self.header = dict(fingerprint=fingerprint, description=description)
        #: Key -> value of what is finished.
        self.cells: dict[str, dict] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise OSError(f'store: {path} cannot be written to: name a file elsewhere')
        if path.exists():
            self._read()

    def add(self, key: str, value: dict) -> None:
        """Keep a finished cell, on disk before this returns.

        Args:
            key: Name of the cell.
            value: What was measured, as JSON can hold it.
        """
        lines = [] if self.path.exists() and self.path.stat().st_size else [self.header]
        with self.path.open('a') as file:
            for line in [*lines, dict(cell=key, value=value)]:
                file.write(json.dumps(line) + '\n')
            file.flush()
            os.fsync(file.fileno())
        self.cells[key] = value

    def _read(self) -> None:
        text = self.path.read_text()
        whole = text[:text.rfind('\n') + 1]
        if whole != text:
            os.truncate(self.path, len(whole.encode()))
        try:
            lines = [json.loads(line) for line in whole.splitlines()]
            found = lines[0] if lines else self.header
            self.cells = {line['cell']: dict(line['value']) for line in lines[1:]}
            fingerprint = found['fingerprint']
        except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f'store: {self.path} is no file of finished cells ({error!r}): name another, or remove '
                             'it') from error
        if fingerprint != self.header['fingerprint']:
            raise ValueError(f"store: {self.path} holds cells of another measurement ({found.get('description')}; "
                             f"fingerprint {fingerprint[:12]}), and this one is {self.header['description']} "
                             f"({self.header['fingerprint'][:12]}): config, checkpoint or versions differ. Name "
                             'another file, or remove that one')
