# Copyright (c) mmtips authors. All rights reserved.
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import mmtips.compat
from mmtips.compat import MENDS, versions

ROOT = Path(__file__).parents[2]
OUTCOMES = ('mended', 'not needed', 'not present')


def test_report_names_every_version_and_every_mend():
    report = mmtips.compat.report()
    for package in ('mmtips', 'python', 'stack', 'torch', 'torchvision', 'numpy', 'cv2', 'mmengine', 'mmcv', 'mmseg',
                    'mmpretrain'):
        assert len(re.findall(rf'^{package} +\S', report, re.MULTILINE)) == 1
    assert f'mmtips       {mmtips.__version__}\n' in report
    assert f'torch        torch {metadata.version("torch")}' in report
    for mend in MENDS:
        assert re.search(rf'^  ({"|".join(OUTCOMES)}) +{mend.name}: {re.escape(mend.fault)}$', report, re.MULTILINE)


def test_applying_again_changes_nothing():
    before = mmtips.compat.report()
    mmtips.compat.apply()
    assert mmtips.compat.report() == before


def test_module_prints_the_report(fresh):
    code = "import runpy; runpy.run_module('mmtips.compat', run_name='__main__', alter_sys=True)"
    printed = fresh(code)
    assert printed.startswith('mmtips ')
    assert all(f'{mend.name}: ' in printed for mend in MENDS)


@pytest.mark.parametrize(('installed', 'expected'), [
    (('mmengine', 'mmcv-lite', 'mmsegmentation'), 'upstream'),
    (('onedl-mmengine', 'mmcv-lite', 'onedl-mmsegmentation'), 'onedl'),
    (('onedl-mmengine', 'mmengine', 'onedl-mmpretrain'), 'mixed'),
    ((), 'upstream'),
])
def test_stack_is_told_from_the_distributions(monkeypatch, installed, expected):

    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return '1.0'

    monkeypatch.setattr(versions.metadata, 'version', version)
    assert versions.stack() == expected
    lines = '\n'.join(versions.version_lines())
    assert ('these overwrite each other' in lines) == (expected == 'mixed')
    if not installed:
        assert 'no distribution' in lines


def test_missing_mmengine_is_one_clear_sentence():
    code = "import sys; sys.modules['mmengine'] = None; import mmtips"
    result = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith('ImportError: mmtips needs mmengine, which is not installed')
    assert 'mmtips[upstream]' in last
    assert 'mmtips[onedl]' in last


@pytest.mark.parametrize('missing', ['mmseg', 'mmpretrain'])
def test_hosts_are_optional_one_by_one(fresh, missing):
    printed = fresh(f"""
        import sys
        sys.modules[{missing!r}] = None
        import mmtips
        print(mmtips.compat.report())
    """)
    assert 'failed' not in printed
    if missing == 'mmseg':
        assert re.search(r'not present +compiled_ops', printed)


def test_every_mend_is_documented():
    page = (ROOT / 'docs' / 'compatibility.md').read_text(encoding='utf-8')
    assert len({mend.name for mend in MENDS}) == len(MENDS)
    assert not [mend.name for mend in MENDS if f'`{mend.name}`' not in page]
