# Copyright (c) mmtips authors. All rights reserved.
"""The rules of the house: which room imports which, and how large things may get."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / 'mmtips'
FILES = sorted(PACKAGE.rglob('*.py'))

#: What each room may import of this package: downwards only.
MAY_IMPORT = {
    'version': set(),
    'compat': {'version'},
    'arguments': set(),
    'notation': set(),
    'wrappers': set(),
    'draws': set(),
    'hosts': set(),
    'installed': {'version'},
    'runners': {'wrappers'},  # below all rooms that test a checkpoint
    'downsampling': {'arguments'},
    'inspection': {'downsampling'},
    'surgery': {'downsampling', 'inspection', 'notation'},
    'backbones': {'arguments', 'hosts', 'surgery'},
    'losses': {'arguments', 'downsampling', 'draws', 'wrappers'},
    # The probe measures at operators and strided modules.
    'evaluation': {'arguments', 'downsampling', 'draws', 'inspection', 'wrappers'},
    'datasets': {'arguments', 'hosts'},
    'robustness': {'draws', 'evaluation', 'hosts', 'installed', 'runners', 'wrappers'},
    'report': {'arguments', 'evaluation', 'inspection', 'installed', 'notation', 'robustness', 'version', 'wrappers'},
    # A training step has the losses that the hook adds, and what is profiled is what the tools run.
    'benchmark': {'arguments', 'cli', 'downsampling', 'evaluation', 'losses', 'report', 'wrappers'},
    'testing': {'downsampling'},
    'hooks': {'arguments', 'downsampling', 'evaluation', 'report', 'surgery', 'wrappers'},
    'cli': {'evaluation', 'hosts', 'installed', 'notation', 'runners'},
    # It trains and measures as the tools do, and watches operators while they train.
    'evidence': {'arguments', 'cli', 'downsampling', 'evaluation', 'losses', 'notation', 'report', 'runners',
                 'wrappers'},
}
#: Rooms, and modules, that may import these libraries and the standard library alone.
LIBRARIES = {
    'downsampling': {'torch', 'mmengine', 'triton'},
    'inspection': {'torch'},
    'surgery': {'torch', 'mmengine'},
    'losses': {'torch', 'mmengine'},
    'robustness/errors.py': set(),
    'evaluation/protocols.py': {'torch'},
    'evaluation/views.py': {'torch'},
    'evaluation/measures.py': {'torch'},
    'evaluation/consistency.py': {'torch'},
    'evaluation/bias.py': {'torch'},
    'evaluation/aliasing.py': {'torch'},
    'evaluation/probe.py': {'torch'},
    'downsampling/functional': {'torch'},
    'losses/functional.py': {'torch'},
}


def imports(path):
    """Every module that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            if node.module == 'mmtips':
                yield from (f'mmtips.{alias.name}' for alias in node.names)
            else:
                yield node.module


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix('.py')


@pytest.mark.parametrize('path', [path for path in FILES if path.parent != PACKAGE or path.stem in MAY_IMPORT],
                         ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downwards(path):
    used = {name.split('.')[1] for name in imports(path) if name.startswith('mmtips.')} - {room(path)}
    assert used <= MAY_IMPORT[room(path)]


@pytest.mark.parametrize('place', LIBRARIES)
def test_libraries(place):
    paths = [PACKAGE / place] if place.endswith('.py') else sorted((PACKAGE / place).rglob('*.py'))
    for path in paths:
        used = {name.split('.')[0] for name in imports(path)} - {'mmtips'} - set(sys.stdlib_module_names)
        assert used <= LIBRARIES[place], path


def test_only_its_kernels_import_triton():
    users = {path.parent for path in FILES if any(name.split('.')[0] == 'triton' for name in imports(path))}
    assert users == {PACKAGE / 'downsampling/kernels/triton'}


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_host_is_imported_by_importing_mmtips(path):
    for node in ast.parse(path.read_text()).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
            [node.module or ''] if isinstance(node, ast.ImportFrom) else []
        assert not any(name.split('.')[0] in ('mmseg', 'mmpretrain', 'mmcv') for name in names)


@pytest.mark.parametrize('path', FILES + sorted((ROOT / 'tools').rglob('*.py')), ids=lambda path: path.name)
def test_sizes(path):
    tree = ast.parse(path.read_text())
    assert path.read_text().count('\n') <= (80 if 'tools' in path.parts else 220)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 50, f'{path}:{node.lineno} {node.name}'


@pytest.mark.parametrize('path', sorted(PACKAGE.rglob('*.[ch]')), ids=lambda path: path.name)
def test_c_files(path):
    text = path.read_text()
    assert text.startswith('/* Copyright (c) mmtips authors. All rights reserved.\n')
    assert text.count('\n') <= 220
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_licence_line_and_docstring(path):
    text = path.read_text()
    assert text.startswith('# Copyright (c) mmtips authors. All rights reserved.\n')
    assert ast.get_docstring(ast.parse(text))
