# Copyright (c) mmtips authors. All rights reserved.
"""The versions that a bug report should name."""

import platform
import sys
from importlib import metadata

from mmtips.version import __version__

# Import name -> the distributions that can hold it. Two of them at once overwrite each other's files.
_DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    'torch': ('torch',),
    'torchvision': ('torchvision',),
    'numpy': ('numpy',),
    'cv2': ('opencv-python', 'opencv-python-headless', 'opencv-contrib-python', 'opencv-contrib-python-headless'),
    'mmengine': ('mmengine', 'mmengine-lite', 'onedl-mmengine'),
    'mmcv': ('mmcv', 'mmcv-lite', 'mmcv-full', 'onedl-mmcv'),
    'mmseg': ('mmsegmentation', 'onedl-mmsegmentation'),
    'mmpretrain': ('mmpretrain', 'onedl-mmpretrain'),
}


def _installed(module: str) -> dict[str, str]:
    found = {}
    for name in _DISTRIBUTIONS[module]:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _describe(module: str) -> str:
    found = _installed(module)
    parts = [', '.join(f'{name} {version}' for name, version in found.items()) or 'no distribution']
    imported = getattr(sys.modules.get(module), '__version__', None)
    if imported is not None and (len(found) != 1 or not next(iter(found.values())).startswith(imported)):
        parts.append(f'imported {imported}')
    if len(found) > 1:
        parts.append('these overwrite each other, keep one of them')
    return '; '.join(parts)


def stack() -> str:
    """Say which OpenMMLab stack is installed.

    Returns:
        ``'upstream'``, ``'onedl'``, or ``'mixed'`` when distributions of both are installed. mmcv does not count: the
        fork is used with the upstream mmcv-lite too.
    """
    names = [name for module in ('mmengine', 'mmseg', 'mmpretrain') for name in _installed(module)]
    forked = {name.startswith('onedl-') for name in names}
    return 'mixed' if len(forked) > 1 else 'onedl' if True in forked else 'upstream'


def version_lines() -> list[str]:
    """List the versions, one line for each package.

    Returns:
        The lines.
    """
    head = [
        f'mmtips       {__version__}', f'python       {platform.python_version()} on {platform.platform()}',
        f'stack        {stack()}'
    ]
    return head + [f'{module:<12} {_describe(module)}' for module in _DISTRIBUTIONS]
