# Copyright (c) mmtips authors. All rights reserved.
"""What a mend is, and how a list of them is applied."""

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

MENDED = 'mended'
NOT_NEEDED = 'not needed'
NOT_PRESENT = 'not present'
FAILED = 'failed'

_HOSTS = ('mmengine', 'mmcv', 'mmseg', 'mmpretrain')

# What became of each mend in this process, by its name.
_outcomes: dict[str, str] = {}


@dataclass(frozen=True)
class Mend:
    """The repair of one fault in a package that mmtips stands on.

    Attributes:
        name: Short name, unique.
        fault: What is broken without the mend, in one line.
        packages: Import names of the packages between which the fault arises.
        needed: Whether the fault exists in this process. It tries the faulty behaviour and compares no versions.
        apply: Repairs it; ``needed`` returns False afterwards.
    """

    name: str
    fault: str
    packages: tuple[str, ...]
    needed: Callable[[], bool]
    apply: Callable[[], None]


def is_present(package: str) -> bool:
    """Say whether a top-level package can be imported, without importing it.

    Args:
        package: Its import name.

    Returns:
        True if it is there.
    """
    try:
        return find_spec(package) is not None
    except ValueError:  # a loaded module without a spec
        return True


def apply_mends(mends: tuple[Mend, ...]) -> None:
    """Apply every mend whose fault exists; a mend that was applied before is left alone.

    A mend that fails leaves the fault in place and warns: what does not meet the fault works on.

    Args:
        mends: The mends, applied in this order.
    """
    for mend in mends:
        if _outcomes.get(mend.name) == MENDED:
            continue
        try:
            _outcomes[mend.name] = _apply_one(mend)
        except Exception as error:  # whatever a host package raises
            _outcomes[mend.name] = f'{FAILED} ({type(error).__name__}: {error})'
            warnings.warn(
                f'mmtips.compat: expected to mend {mend.name!r} ({mend.fault}), got {type(error).__name__}: {error}. '
                'Everything else goes on; please report it with the output of `python -m mmtips.compat`.',
                stacklevel=2)


def outcome_of(mend: Mend) -> str:
    """Say what became of a mend in this process.

    Args:
        mend: The mend.

    Returns:
        ``'mended'``, ``'not needed'``, ``'not present'`` (the package that has the fault is not installed) or
        ``'failed (reason)'``.
    """
    return _outcomes.get(mend.name, 'not tried')


def _apply_one(mend: Mend) -> str:
    if not all(is_present(package) for package in mend.packages):
        return NOT_PRESENT
    if not mend.needed():
        return NOT_NEEDED
    mend.apply()
    if mend.needed():
        raise RuntimeError('expected the fault to be gone after the mend, but it is still there')
    return MENDED


def raises(expected: type[BaseException], call: Callable[[], Any]) -> bool:
    """Say whether a call raises an exception of the expected type; any other exception passes through.

    Args:
        expected: The exception type.
        call: What to call.

    Returns:
        True if it raised.
    """
    try:
        call()
    except expected:
        return True
    return False


def rebind(original: Any, replacement: Any) -> None:
    """Put ``replacement`` wherever a loaded host module holds ``original`` under some name.

    ``from package import function`` copies the reference, so replacing the function where it is defined is not enough.

    Args:
        original: The object to replace.
        replacement: What to put there.
    """
    for module_name, module in list(sys.modules.items()):
        if module is None or module_name.partition('.')[0] not in _HOSTS:
            continue
        # vars(), not getattr: it must not wake the lazy attributes of a module.
        for name, value in list(vars(module).items()):
            if value is original:
                setattr(module, name, replacement)
