# Copyright (c) mmtips authors. All rights reserved.
"""Files that are written without losing what is there, and whole or not at all."""

import itertools
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any


def keep_earlier(path: Path) -> None:
    """Move a file out of the way, if there is one: under its name with its own date, and a number if that is taken.

    Args:
        path: The file that is going to be written.

    Raises:
        IsADirectoryError: If it is a folder.
    """
    if path.is_dir():
        raise IsADirectoryError(f'{path}: expected the name of a file, and there is a folder of that name')
    if not path.exists():
        return
    stamp = datetime.fromtimestamp(path.stat().st_mtime).strftime('%Y%m%d_%H%M%S')
    names = itertools.chain([stamp], (f'{stamp}_{number}' for number in itertools.count(2)))
    path.rename(next(place for name in names if not (
        place := path.with_name(f'{path.stem}.{name}{path.suffix}')).exists()))


def write_kept(content: str | bytes, path: Path) -> Path:
    """Write a file; an earlier one of another content is kept, see :func:`keep_earlier`.

    Args:
        content: What to write; text as UTF-8.
        path: Where to; its folder is made.

    Returns:
        The path.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    keep_earlier(path)
    path.write_bytes(data)
    return path


def write_whole(content: Mapping[str, Any], path: Path) -> Path:
    """Write JSON in the place of what is there; whoever reads meanwhile, or after a crash, finds one of the two, whole.

    Args:
        content: What to write.
        path: Where to; its folder is made.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.part')
    part.write_text(json.dumps(content, indent=1) + '\n')
    return part.replace(path)
