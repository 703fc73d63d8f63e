# Copyright (c) mmtips authors. All rights reserved.
"""The versions of what a measured figure may depend on."""

import platform
from importlib.metadata import PackageNotFoundError, version

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
