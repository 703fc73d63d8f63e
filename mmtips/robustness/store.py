# Copyright (c) mmtips authors. All rights reserved.
"""Finished measurements on disk, one line each, so that a long study goes on where it was stopped."""

import json
from pathlib import Path

from mmtips.evaluation.journal import append_line, read_lines


class CellStore:
    """A JSON-lines file: a line that says what was measured, then one line for each finished cell.

    Args:
        path: The file; it is made if there is none.
        fingerprint: What the cells belong to; compared as it is.
        description: For a reader, and for the error: what the fingerprint stands for.

    Raises:
        ValueError: If the file belongs to another fingerprint, or is no such file.
        OSError: If the file cannot be written to.
    """

    def __init__(self, path: Path, fingerprint: str, description: str) -> None:
        self.path = path
        lines = read_lines(path)
        if not lines:
            lines.append(json.dumps(dict(fingerprint=fingerprint, description=description)))
            append_line(path, lines[0])
        try:
            found, *cells = map(json.loads, lines)
            #: Key -> value of what is finished.
            self.cells = {line['cell']: dict(line['value']) for line in cells}
            other = found['fingerprint']
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f'store: {path} is no file of finished cells ({error!r}): name another, or remove '
                             'it') from error
        if other != fingerprint:
            raise ValueError(f"store: {path} holds cells of another measurement ({found.get('description')}; "
                             f'fingerprint {other[:12]}), and this one is {description} ({fingerprint[:12]}): config, '
                             'checkpoint or versions differ. Name another file, or remove that one')

    def add(self, key: str, value: dict) -> None:
        """Keep a finished cell, on disk before this returns.

        Args:
            key: Name of the cell.
            value: What was measured, as JSON can hold it.
        """
        append_line(self.path, json.dumps(dict(cell=key, value=value)))
        self.cells[key] = value
