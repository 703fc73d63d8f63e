# Copyright (c) mmtips authors. All rights reserved.
"""Fault: mmcv-lite has no ``mmcv._ext``, and without it upstream mmseg cannot be imported.

Four modules of mmseg 1.2.2 import ``mmcv.ops`` unguarded, and every module of ``mmcv.ops`` loads the compiled extension
at import, although most models never call it. With a placeholder in its place the import succeeds, and only a call of
a compiled operator fails.
"""

import importlib
import re
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from mmtips.compat.mends import Mend

_EXTENSION = 'mmcv._ext'
# A guarded import stands inside a `try` and is therefore indented.
_UNGUARDED_IMPORT = re.compile(r'^from mmcv\.ops import', re.MULTILINE)
_IMPORTERS = ('utils/mask_classification.py', 'models/utils/point_sample.py', 'models/losses/focal_loss.py',
              'models/decode_heads/san_head.py')
_INFORMATION = ('get_compiler_version', 'get_compiling_cuda_version')


class _Placeholder(ModuleType):
    """Stands for the compiled extension: it has every operator, and each says that it is missing when called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith('__'):
            raise AttributeError(f'{self.__name__} has no attribute {name!r}')
        # mmcv.utils.collect_env(), which every run logs, calls these two.
        return _no_information if name in _INFORMATION else _missing_operator(name)


def _no_information() -> str:
    return 'n/a'


def _missing_operator(name: str) -> Callable[..., NoReturn]:

    def operator(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(
            f'the compiled operator {name!r} of mmcv was called, and the installed mmcv has no compiled operators: '
            'install the full mmcv in its place, as in `MMCV_WITH_OPS=1 FORCE_CUDA=0 pip install --no-build-isolation '
            'mmcv==2.1.0` (docs/compatibility.md has the details), or use a model that does without this operator')

    operator.__name__ = name
    return operator


def _mmseg_needs_ops() -> bool:
    spec = find_spec('mmseg')
    folders = (spec.submodule_search_locations if spec is not None else None) or []
    sources = [Path(folder, importer) for folder in folders for importer in _IMPORTERS]
    return any(_UNGUARDED_IMPORT.search(source.read_text(encoding='utf-8')) for source in sources if source.exists())


def _needed() -> bool:
    if 'mmcv.ops' in sys.modules or _EXTENSION in sys.modules:
        return False
    return _mmseg_needs_ops() and find_spec(_EXTENSION) is None


def _apply() -> None:
    sys.modules[_EXTENSION] = _Placeholder(_EXTENSION)
    try:
        importlib.import_module('mmcv.ops')
    finally:
        # It must not stay: mmengine takes a loadable mmcv._ext for the full mmcv, and a module without a spec makes
        # that very question raise in every Runner.
        del sys.modules[_EXTENSION]
        vars(sys.modules['mmcv']).pop('_ext', None)


COMPILED_OPS = Mend(
    name='compiled_ops',
    fault='mmseg cannot be imported on mmcv-lite, which has no mmcv._ext',
    packages=('mmcv', 'mmseg'),
    needed=_needed,
    apply=_apply)
