# Copyright (c) mmtips authors. All rights reserved.
"""The libraries of attacks and corruptions, which are optional and imported when they are used."""

from importlib import import_module
from types import ModuleType

#: The distribution that each of them comes from.
DISTRIBUTIONS = {'foolbox': 'foolbox', 'imagecorruptions': 'imagecorruptions-imaug'}


def require_library(name: str, what: str) -> ModuleType:
    """Import an optional library.

    Args:
        name: One of :data:`DISTRIBUTIONS`.
        what: What needs it, for the error.

    Returns:
        The module.

    Raises:
        ImportError: If it cannot be imported; the message says how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f'{what} needs {DISTRIBUTIONS[name]}, which cannot be imported ({error}): '
                          "pip install 'mmtips[robustness]', or that package alone") from error
