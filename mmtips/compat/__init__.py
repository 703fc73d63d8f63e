# Copyright (c) mmtips authors. All rights reserved.
"""Mends of the OpenMMLab stack on current PyTorch, numpy, setuptools and Python.

Each mend names one upstream fault, tries whether it exists, repairs it only then, and does nothing on a healthy stack.
``docs/compatibility.md`` lists them, and what is left alone.
"""

from mmtips.compat.mends import Mend, apply_mends, is_present, outcome_of

if not is_present('mmengine'):
    raise ImportError(
        'mmtips needs mmengine, which is not installed: install one of the two OpenMMLab stacks, upstream with '
        "`pip install 'mmtips[upstream]'` or the OneDL fork with `pip install 'mmtips[onedl]'`, and not both, because "
        'they hold the same modules')

# Only after the check: these import mmengine.
from mmtips.compat.checkpoints import CHECKPOINT_FALLBACK, CHECKPOINT_HISTORY  # noqa: E402
from mmtips.compat.compiled_ops import COMPILED_OPS  # noqa: E402
from mmtips.compat.hue import ADJUST_HUE  # noqa: E402
from mmtips.compat.packages import FIND_LOADER, MMSEG_NAME, PACKAGE_LOOKUP  # noqa: E402
from mmtips.compat.versions import version_lines  # noqa: E402

MENDS: tuple[Mend, ...] = (COMPILED_OPS, CHECKPOINT_FALLBACK, CHECKPOINT_HISTORY, PACKAGE_LOOKUP, MMSEG_NAME,
                           FIND_LOADER, ADJUST_HUE)

__all__ = ['MENDS', 'apply', 'report']


def apply() -> None:
    """Mend what needs mending in this process. ``import mmtips`` calls it; calling it again does nothing."""
    apply_mends(MENDS)


def report() -> str:
    """Describe the installation for a bug report; ``python -m mmtips.compat`` prints it.

    Returns:
        The versions, the stack, and what became of each mend, one line each.
    """
    mends = [f'  {outcome_of(mend):<12} {mend.name}: {mend.fault}' for mend in MENDS]
    return '\n'.join([*version_lines(), 'mends:', *mends])
