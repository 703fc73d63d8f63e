# Copyright (c) mmtips authors. All rights reserved.
"""Faults in how the hosts look for installed packages, and with that for ``mmseg::`` base configs."""

import importlib
import pkgutil
import warnings
from collections.abc import Callable
from importlib import metadata
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.config.utils import MODULE2PACKAGE
from mmengine.utils import package_utils
from mmengine.utils.dl_utils import misc

from mmtips.compat.mends import Mend, is_present, raises, rebind


def _spec(module: str) -> ModuleSpec | None:
    """Find a package that has files; a namespace package, which has none of its own, does not count."""
    spec = find_spec(module)
    return spec if spec is not None and spec.origin is not None else None


def is_installed(package: str) -> bool:
    """Say whether a package is installed; mmengine's function of this name, without ``pkg_resources``.

    Args:
        package: Name of a distribution or of a module.

    Returns:
        True if it is installed.
    """
    return not raises(metadata.PackageNotFoundError, lambda: metadata.distribution(package)) or bool(_spec(package))


def get_installed_path(package: str) -> str:
    """Return the folder of a package; mmengine's function of this name, without ``pkg_resources``.

    Args:
        package: Name of a distribution or of a module, such as ``'mmsegmentation'`` or ``'mmseg'``.

    Returns:
        The folder.

    Raises:
        importlib.metadata.PackageNotFoundError: If there is no such package.
        RuntimeError: If it has no folder.
    """
    modules = [package]
    try:
        # A distribution may have another name than its module, as mmsegmentation has.
        modules += (metadata.distribution(package).read_text('top_level.txt') or '').split()
    except metadata.PackageNotFoundError:
        if find_spec(package) is None:
            raise
    # Where Python would import it from: that holds for editable installs and for checkouts on the path too.
    for spec in filter(None, map(_spec, modules)):
        return str(Path(str(spec.origin)).parent)
    raise RuntimeError(f'{package}: expected a package with files of its own, found none among the modules {modules}: '
                       'name the module rather than the distribution, or reinstall it')


def _pkg_resources_fails() -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # pkg_resources warns that it is deprecated
        # Not only ImportError: an old setuptools on a new Python raises AttributeError here.
        return raises(Exception, lambda: importlib.import_module('pkg_resources'))


def _lookup_needed() -> bool:
    return _pkg_resources_fails() and raises(Exception, lambda: package_utils.is_installed('mmengine'))


def _replace_lookup() -> None:
    rebind(package_utils.is_installed, is_installed)
    rebind(package_utils.get_installed_path, get_installed_path)


def _mmseg_under_other_name() -> bool:
    return not is_installed(MODULE2PACKAGE['mmseg']) and is_present('mmseg')


def _name_module() -> None:
    MODULE2PACKAGE['mmseg'] = 'mmseg'


def _find_loader(fullname: str) -> Any:
    spec = find_spec(fullname)
    return None if spec is None else spec.loader


def _callers() -> list[Callable[[], bool]]:
    callers = [misc.mmcv_full_available]
    if is_present('mmcv'):
        callers.append(importlib.import_module('mmcv.utils.ext_loader').check_ops_exist)
    return callers


def _find_loader_needed() -> bool:
    return not hasattr(pkgutil, 'find_loader') and any(raises(AttributeError, caller) for caller in _callers())


def _restore_find_loader() -> None:
    pkgutil.find_loader = _find_loader


PACKAGE_LOOKUP = Mend(
    name='package_lookup',
    fault='mmengine needs pkg_resources, which setuptools >= 82 does not have, for every `mmseg::` base config',
    packages=('mmengine',),
    needed=_lookup_needed,
    apply=_replace_lookup)

MMSEG_NAME = Mend(
    name='mmseg_name',
    fault='mmengine looks for mmseg under its upstream name only: `mmseg::` base configs fail on the OneDL fork',
    packages=('mmengine', 'mmseg'),
    needed=_mmseg_under_other_name,
    apply=_name_module)

FIND_LOADER = Mend(
    name='find_loader',
    fault='mmengine and mmcv call pkgutil.find_loader, which Python 3.14 does not have, in every Runner',
    packages=('mmengine',),
    needed=_find_loader_needed,
    apply=_restore_find_loader)
