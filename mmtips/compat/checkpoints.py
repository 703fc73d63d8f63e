# Copyright (c) mmtips authors. All rights reserved.
"""Faults: checkpoints of mmengine are refused by torch >= 2.6, and the OneDL fork runs whatever is refused.

torch unpickles only classes that it knows to be harmless. The training history in a checkpoint of mmengine holds a few
more; they are added here one by one, and every other one stays refused.
"""

import contextlib
import io
import pickle
import tempfile
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner import checkpoint

from mmtips.compat.mends import Mend, raises, rebind

# Written out, because a checkpoint can add names to HistoryBuffer._statistics_methods while it is loaded.
_STATISTICS = ('min', 'max', 'current', 'mean')
_DTYPES = ('f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', '?')


def _history_getattr(owner: Any, name: str) -> Any:
    """Stand in for the ``getattr`` with which a history names its statistics, and look up nothing else."""
    if owner is HistoryBuffer and name in _STATISTICS:
        return getattr(owner, name)
    raise pickle.UnpicklingError(
        f'refused getattr({owner!r}, {name!r}) in a checkpoint: expected HistoryBuffer and one of {_STATISTICS}. '
        'No checkpoint of mmengine holds anything else; do not trust this file')


def _safe_globals() -> list[Any]:
    core: Any = np._core if hasattr(np, '_core') else np.core
    multiarray = core.multiarray
    allowed = [HistoryBuffer, np.ndarray, np.dtype, (_history_getattr, 'builtins.getattr')]
    # numpy 1 and numpy 2 write different names of the same module.
    for module in ('numpy._core.multiarray', 'numpy.core.multiarray'):
        allowed += [(multiarray.scalar, f'{module}.scalar'), (multiarray._reconstruct, f'{module}._reconstruct')]
    return allowed + [type(np.dtype(kind)) for kind in _DTYPES]


def _refuses(load: Callable[[Any], Any], content: Any) -> bool:
    """Say whether a loader refuses a file with this content, keeping what it prints to itself."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        # A file and not a stream, because the fork's fallback does not rewind a stream.
        path = Path(folder, 'probe.pth')
        torch.save(content, path)
        return raises(pickle.UnpicklingError, lambda: load(path))


def _history_refused() -> bool:
    return _refuses(torch.load, dict(history=HistoryBuffer([0.5], [1]), score=np.float64(0.5), epoch=np.int64(1)))


def _allow_history() -> None:
    torch.serialization.add_safe_globals(_safe_globals())


def _refused_is_run() -> bool:
    """Say whether mmengine's loader loads what torch refuses; a Fraction is a class that torch does not know."""
    loader = getattr(checkpoint, '_safe_torch_load', None)
    return loader is not None and _refuses(torch.load, Fraction(1)) and not _refuses(loader, Fraction(1))


def _load_strictly(file: Any, map_location: Any = None, weights_only: bool | None = None) -> Any:
    return torch.load(file, map_location=map_location, weights_only=weights_only)


def _close_fallback() -> None:
    rebind(checkpoint._safe_torch_load, _load_strictly)


# To be applied before CHECKPOINT_HISTORY: the fork's loader, when called, removes those classes again.
CHECKPOINT_FALLBACK = Mend(
    name='checkpoint_fallback',
    fault='the OneDL mmengine runs the code in a checkpoint that torch refused',
    packages=('mmengine',),
    needed=_refused_is_run,
    apply=_close_fallback)

CHECKPOINT_HISTORY = Mend(
    name='checkpoint_history',
    fault='torch >= 2.6 refuses the training history in the checkpoints of mmengine, so that none can be resumed',
    packages=('mmengine',),
    needed=_history_refused,
    apply=_allow_history)
