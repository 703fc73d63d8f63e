# Copyright (c) mmtips authors. All rights reserved.
"""Configs as one writes them, so that what a table or a log says can be typed."""

from collections.abc import Mapping
from keyword import iskeyword
from typing import Any


def written(value: Any) -> str:
    """A value as configs write it: ``dict(...)`` in place of braces."""
    if isinstance(value, Mapping) and all(str(key).isidentifier() and not iskeyword(str(key)) for key in value):
        return f'dict({arguments(value)})'
    if isinstance(value, Mapping):  # a path of a module is no name of an argument
        return f"{{{', '.join(f'{key!r}: {written(of)}' for key, of in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(written, value))}]"
    return value.__name__ if isinstance(value, type) else repr(value)


def arguments(options: Mapping[str, Any]) -> str:
    """What stands between the parentheses of a ``dict(...)``: ``"type='TIPS', taps=4"``."""
    return ', '.join(f'{key}={written(value)}' for key, value in options.items())


def operator_name(downsampler: Mapping[str, Any]) -> str:
    """The name of an operator, with its options as arguments: ``'TIPS(taps=4)'``.

    Args:
        downsampler: Its config, a dict with ``type``: a registered name, or a class.

    Returns:
        The name alone where there are no options.
    """
    kind, options = downsampler['type'], arguments({key: of for key, of in downsampler.items() if key != 'type'})
    name = kind if isinstance(kind, str) else written(kind)
    return f'{name}({options})' if options else name
