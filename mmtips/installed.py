# Copyright (c) mmtips authors. All rights reserved.
"""The code that a measured figure may depend on: versions, and the commit of ours."""

import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmtips.version import __version__

#: Distributions, those of both OpenMMLab stacks; what reads, corrupts and attacks images with them.
DISTRIBUTIONS = ('torch', 'torchvision', 'numpy', 'scipy', 'mmengine', 'onedl-mmengine', 'mmcv', 'mmcv-lite',
                 'mmsegmentation', 'onedl-mmsegmentation', 'mmpretrain', 'onedl-mmpretrain', 'timm',
                 'opencv-python-headless', 'opencv-python', 'pillow', 'scikit-image', 'numba', 'foolbox',
                 'imagecorruptions-imaug')


def installed_versions() -> dict[str, str]:
    """The versions of mmtips, of Python, and of those of :data:`DISTRIBUTIONS` that are installed."""
    found = {'mmtips': __version__, 'python': platform.python_version()}
    for distribution in DISTRIBUTIONS:
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit of the code, with ``-dirty`` behind it where it was changed; ``unknown`` outside a checkout."""
    root = Path(__file__).parents[1]
    if not (root / '.git').exists() or shutil.which('git') is None:  # installed, perhaps inside another repository
        return 'unknown'
    git = subprocess.run(['git', 'describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'], capture_output=True,
                         text=True, cwd=root, check=False)
    return git.stdout.strip() or 'unknown'
