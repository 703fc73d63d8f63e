# Copyright (c) mmtips authors. All rights reserved.
"""Data set folders that appear under their name whole or not at all, and that are never written over."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Report = Callable[[str], object]


def make_folder(out: Path, request: Mapping[str, Any], fill: Callable[[Path], Mapping[str, Any]],
                report: Report) -> dict[str, Any]:
    """Make a data set, unless it is there.

    Args:
        out: Folder to make.
        request: What identifies the data set; JSON. A folder whose ``meta.json`` says the same stays as it is.
        fill: Writes the files into an empty folder, and returns what ``meta.json`` says beside the request.
        report: Receives a line if there is nothing to do.

    Returns:
        The content of ``meta.json``.

    Raises:
        FileExistsError: If ``out`` exists and is anything else. Nothing was changed then.
    """
    if out.exists() or out.is_symlink():
        meta = _read_existing(out, request)
        report(f'{out} holds this data set already: nothing to do')
        return meta
    out.parent.mkdir(parents=True, exist_ok=True)
    # A sibling is on the same file system, so that the renaming at the end is one step.
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f'.{out.name}-unfinished-') as scratch:
        folder = Path(scratch, out.name)
        folder.mkdir()
        meta = {**request, **fill(folder)}
        (folder / 'meta.json').write_text(json.dumps(meta, indent=2) + '\n')
        folder.rename(out)
    return meta


def _read_existing(out: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the meta data of a finished data set; raise if ``out`` is anything but the one that is requested."""
    try:
        meta = json.loads((out / 'meta.json').read_text())
        reason = ', '.join(f'{key} {meta.get(key)!r} in place of {value!r}' for key, value in request.items()
                           if meta.get(key) != value)
    except (OSError, ValueError, AttributeError):
        reason = 'no meta.json of this data set'
    if reason:
        raise FileExistsError(f'out: {out} exists and is not the data set to be written ({reason}). Nothing was '
                              'changed: move it away, or name another folder')
    return meta
