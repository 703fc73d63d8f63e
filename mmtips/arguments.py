# Copyright (c) mmtips authors. All rights reserved.
"""Checks of arguments that any room may be given."""


def check_integer(name: str, value: object, least: int, most: int | None = None, more: str = '') -> int:
    """Return what is an integer in a range.

    Args:
        name: The argument, as its user knows it.
        value: What it was given; a bool is no integer.
        least: The smallest that is allowed.
        most: The largest, if there is one.
        more: What else the message says is expected: a unit, or another kind of value that was looked for before.

    Returns:
        ``value``.

    Raises:
        ValueError: If it is anything else; the message names the argument, what was expected, and the value.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least or (most is not None and value > most):
        expected = f'>= {least}' if most is None else f'from {least} to {most}'
        raise ValueError(f'{name}: expected an integer {expected}{more}, got {value!r}')
    return value
