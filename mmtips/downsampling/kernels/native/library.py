# Copyright (c) mmtips authors. All rights reserved.
"""The compiled library, and what its functions are told. Structures are those of ``plan.h``."""

import ctypes
import hashlib
import os
import warnings
from ctypes import POINTER, c_char_p, c_double, c_int, c_int64, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

#: Types of maps that the library knows, and what it computes them in.
COMPUTED_IN = {torch.float32: torch.float32, torch.bfloat16: torch.float32, torch.float64: torch.float64}
FUNCTIONS = ('adaptive_mix', 'adaptive_mix_backward')


#: The fields of ``plan_t`` in their order: numbers, and three addresses among them.
FIELDS = ('samples', 'channels', 'height', 'width', 'stride', 'taps', 'step', 'start', 'scores', 'regions',
          'scale_columns', 'border_before', 'border_after', 'rows', 'columns', 'shares', 'shift', 'shift_rows',
          'shift_columns', 'threads')


class Plan(ctypes.Structure):
    """What is the same for every plane of a map: ``plan_t``."""

    _fields_ = [(name, c_void_p if name in ('rows', 'columns', 'shares') else c_int64) for name in FIELDS]  # noqa: RUF012


class Map(ctypes.Structure):
    """A map of any layout: ``map_t``."""

    _fields_ = [('values', c_void_p), ('strides', c_int64 * 4)]  # noqa: RUF012

    @classmethod
    def of(cls, x: Tensor) -> 'Map':
        """Describe ``x``, which has to live as long as this is used."""
        return cls(x.data_ptr(), (c_int64 * 4)(*x.stride()))


@cache
def library() -> Any:
    """The library; None where it was not compiled, or cannot share PyTorch's threads."""
    spec = find_spec('mmtips.downsampling.kernels.native.planes')
    if spec is None or spec.origin is None:
        return None
    try:
        # All symbols now: OpenMP's are those of the library that PyTorch has loaded.
        loaded = ctypes.CDLL(spec.origin, mode=os.RTLD_NOW)
    except OSError:
        return None
    expected = _sources()
    if expected and _sources_of(loaded) != expected:
        warnings.warn(f'{spec.origin} was compiled from other sources and is not used: install mmtips again, or run '
                      'python setup.py build_ext --inplace', stacklevel=2)
        return None
    values, maps = c_void_p, POINTER(Map)
    for name in map(_name, COMPUTED_IN):
        forward, backward = (getattr(loaded, f'{function}_{name}') for function in FUNCTIONS)
        forward.argtypes = [POINTER(Plan), maps, values, values, values, values, maps]
        backward.argtypes = [POINTER(Plan), maps, maps, values, values, values, values, c_double, maps, values, values]
        forward.restype = backward.restype = c_int
    return loaded


def _sources_of(loaded: Any) -> str:
    """The hash of what a library was compiled from; '' if it does not say."""
    try:
        loaded.sources.restype = c_char_p
    except AttributeError:
        return ''
    return str(loaded.sources().decode())


def _sources() -> str:
    """The hash of the sources beside this file, as setup.py has it; '' in an installed package, which has none."""
    texts = [path.read_bytes() for path in sorted(Path(__file__).parent.glob('*.[ch]'))]
    return hashlib.sha256(b''.join(texts)).hexdigest()[:16] if texts else ''


def call(function: str, x: Tensor, *arguments: Any) -> None:
    """Run a function of the library for maps of the type of ``x``.

    Args:
        function: Its name.
        x: Any map.
        arguments: What it takes.

    Raises:
        MemoryError: If there is none for a few planes.
    """
    if getattr(library(), f'{function}_{_name(x.dtype)}')(*arguments):
        raise MemoryError(f'{function}: no memory for a few planes of a map of shape {tuple(x.shape)}')


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix('torch.')
