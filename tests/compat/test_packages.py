# Copyright (c) mmtips authors. All rights reserved.
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE

import mmtips.compat
from mmtips.compat import FIND_LOADER, MMSEG_NAME, packages
from mmtips.compat.packages import get_installed_path, is_installed

BASES = {
    'mmseg': 'mmseg::_base_/models/fcn_unet_s5-d16.py',
    'mmpretrain': 'mmpretrain::_base_/models/resnet18.py',
}


def base_config(host: str) -> str:
    if find_spec(host) is None:
        pytest.skip(f'{host} is not installed')
    return f"_base_ = '{BASES[host]}'\n"


@pytest.mark.parametrize('host', BASES)
def test_host_bases_resolve(host, tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(base_config(host))
    assert 'backbone' in Config.fromfile(path).model


@pytest.mark.parametrize('host', BASES)
def test_host_bases_resolve_without_pkg_resources(host, tmp_path, fresh):
    (tmp_path / 'config.py').write_text(base_config(host))
    printed = fresh(f"""
        import sys
        sys.modules['pkg_resources'] = None  # what setuptools >= 82 amounts to
        import mmtips.compat
        from mmengine.config import Config
        from mmengine.hub import get_config
        from mmengine.utils import get_installed_path, is_installed
        print(Config.fromfile('config.py').model.backbone.type)
        print('model' in get_config({BASES[host]!r}))
        print(is_installed('mmengine'), is_installed('torch'), is_installed('no_such_package'))
        print(get_installed_path('mmengine'))
        # The OneDL mmengine does without pkg_resources.
        print('pkg_resources' in open(sys.modules['mmengine.utils.package_utils'].__file__).read())
        print(mmtips.compat.report())
    """).splitlines()
    assert printed[:3] == ['UNet' if host == 'mmseg' else 'ResNet', 'True', 'True True False']
    assert Path(printed[3]) == Path(str(find_spec('mmengine').origin)).parent
    outcome = 'mended' if printed[4] == 'True' else 'not needed'
    assert any(line.strip().startswith(f'{outcome} ') and 'package_lookup:' in line for line in printed)


def test_a_first_base_file_mends_in_time(tmp_path, fresh):
    base_config('mmseg')
    (tmp_path / 'mend.py').write_text("__import__('mmtips')\n")
    (tmp_path / 'config.py').write_text(f"_base_ = ['./mend.py', '{BASES['mmseg']}']\n")
    printed = fresh("""
        import sys
        sys.modules['pkg_resources'] = None
        from mmengine.config import Config
        print(Config.fromfile('config.py').model.backbone.type)
    """)
    assert printed.strip() == 'UNet'


def test_pkg_resources_is_left_alone_where_it_works():
    if find_spec('pkg_resources') is not None:
        assert sys.modules['mmengine.utils'].is_installed is not is_installed


@pytest.mark.parametrize('name', ['mmengine', 'torch', 'mmtips'])
def test_installed_path_of_a_module(name):
    assert is_installed(name)
    assert Path(get_installed_path(name)) == Path(str(find_spec(name).origin)).parent


@pytest.mark.parametrize(('name', 'module'), [('mmsegmentation', 'mmseg'), ('onedl-mmsegmentation', 'mmseg'),
                                              ('scikit-learn', 'sklearn')])
def test_installed_path_of_a_distribution_with_another_name(name, module):
    try:
        listed = metadata.distribution(name).read_text('top_level.txt')
    except metadata.PackageNotFoundError:
        pytest.skip(f'{name} is not installed')
    if not listed:
        with pytest.raises(RuntimeError, match='expected a package with files'):
            get_installed_path(name)
        return
    assert Path(get_installed_path(name)) == Path(str(find_spec(module).origin)).parent


def test_missing_package_is_said_to_be_missing():
    assert not is_installed('no_such_package')
    with pytest.raises(metadata.PackageNotFoundError):
        get_installed_path('no_such_package')


def test_namespace_package_has_no_path(tmp_path, monkeypatch):
    (tmp_path / 'probe_namespace').mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not is_installed('probe_namespace')
    with pytest.raises(RuntimeError, match='probe_namespace: expected a package with files'):
        get_installed_path('probe_namespace')


def test_mmseg_is_found_under_another_distribution_name(monkeypatch):
    if find_spec('mmseg') is None:
        pytest.skip('mmseg is not installed')
    monkeypatch.setitem(MODULE2PACKAGE, 'mmseg', 'no_such_distribution')
    assert MMSEG_NAME.needed()
    MMSEG_NAME.apply()
    assert not MMSEG_NAME.needed()
    assert is_installed(MODULE2PACKAGE['mmseg'])


def test_runner_questions_work_without_find_loader(fresh):
    printed = fresh("""
        import importlib, pkgutil
        pkgutil.__dict__.pop('find_loader', None)  # what Python 3.14 amounts to
        import mmtips.compat
        from importlib.util import find_spec
        from mmengine.model import revert_sync_batchnorm
        from mmengine.utils.dl_utils.misc import mmcv_full_available
        from torch import nn
        full = find_spec('mmcv._ext') is not None
        print(mmcv_full_available() == full)
        print(importlib.import_module('mmcv.utils.ext_loader').check_ops_exist() == full)
        print(type(revert_sync_batchnorm(nn.SyncBatchNorm(2))).__name__ != 'SyncBatchNorm')
        print(mmtips.compat.report())
    """).splitlines()
    assert printed[:3] == ['True'] * 3
    assert any('mended' in line and 'find_loader:' in line for line in printed)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason='Python 3.14 has no pkgutil.find_loader')
def test_find_loader_of_python_is_left_alone():
    mmtips.compat.apply()
    assert not FIND_LOADER.needed()
    assert sys.modules['pkgutil'].find_loader is not packages._find_loader


def test_find_loader_answers_like_the_one_of_python():
    assert packages._find_loader('no_such_module') is None
    assert packages._find_loader('torch') is find_spec('torch').loader or packages._find_loader('torch') is not None
