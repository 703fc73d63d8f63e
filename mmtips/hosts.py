# Copyright (c) mmtips authors. All rights reserved.
"""The hosts, each of which may be missing."""

from importlib.util import find_spec

#: How to get each host: upstream's distribution, or that of the community fork.
INSTALL = {
    'mmseg': 'pip install mmsegmentation ftfy regex   (or onedl-mmsegmentation)',
    'mmpretrain': 'pip install mmpretrain   (or onedl-mmpretrain)',
}


def require_host(host: str, what: str) -> None:
    """Make sure that a host is there.

    Args:
        host: ``'mmseg'`` or ``'mmpretrain'``.
        what: What needs it, for the error.

    Raises:
        ImportError: If it is not installed; the message says how to install it.
    """
    if find_spec(host) is None:
        raise ImportError(f'{what} needs {host}, which is not installed: {INSTALL[host]}')
