# Copyright (c) mmtips authors. All rights reserved.
import importlib
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.utils.dl_utils.misc import mmcv_full_available
from torch import nn

import mmtips
from mmtips.compat import compiled_ops
from mmtips.compat.compiled_ops import COMPILED_OPS
from mmtips.compat.mends import MENDED, apply_mends, outcome_of

pytest.importorskip('mmcv')

FULL = find_spec('mmcv._ext') is not None
IS_MENDED = outcome_of(COMPILED_OPS) == MENDED

needs_mend = pytest.mark.skipif(not IS_MENDED, reason='this stack needs no stand-in for the compiled operators')
needs_mmseg = pytest.mark.skipif(find_spec('mmseg') is None, reason='mmseg is not installed')


def test_outcome_fits_the_stack():
    unguarded = find_spec('mmseg') is not None and compiled_ops._mmseg_needs_ops()
    assert (unguarded and not FULL) == IS_MENDED


@needs_mend
def test_the_fault_exists_without_the_mend():
    result = subprocess.run([sys.executable, '-W', 'ignore', '-c', 'import mmseg.models'],
                            capture_output=True,
                            text=True,
                            timeout=300)
    assert result.returncode != 0
    assert "No module named 'mmcv._ext'" in result.stderr


@needs_mmseg
def test_mmseg_imports_in_a_fresh_interpreter(fresh):
    printed = fresh("""
        import sys
        import mmtips.compat
        import mmcv, mmseg.utils, mmseg.models, mmseg.datasets, mmseg.apis
        print('mmcv._ext' in sys.modules, hasattr(mmcv, '_ext'))
    """)
    assert printed.split()[-2:] == [str(FULL), str(FULL)]  # the fork prints more before


def test_nothing_stays_behind():
    assert ('mmcv._ext' in sys.modules) <= FULL
    mmtips.compat.apply()
    assert ('mmcv._ext' in sys.modules) <= FULL
    assert hasattr(sys.modules['mmcv'], '_ext') <= FULL


def test_mmcv_is_not_taken_for_the_full_one():
    assert mmcv_full_available() == FULL
    assert importlib.import_module('mmcv.utils.ext_loader').check_ops_exist() == FULL


def test_revert_sync_batchnorm_works():
    model = revert_sync_batchnorm(nn.Sequential(nn.Conv2d(3, 4, 1), nn.SyncBatchNorm(4)))
    assert not isinstance(model[1], nn.SyncBatchNorm)
    assert model(torch.rand(2, 3, 4, 4)).shape == (2, 4, 4, 4)


def test_collect_env_works():
    information = importlib.import_module('mmcv.utils').collect_env()
    assert isinstance(information['MMCV Compiler'], str)
    assert isinstance(information['MMCV CUDA Compiler'], str)
    if not FULL:
        assert information['MMCV Compiler'] == 'n/a'


@needs_mend
def test_calling_a_compiled_operator_names_it_and_the_remedy():
    ops = importlib.import_module('mmcv.ops')
    with pytest.raises(RuntimeError, match=r"'nms'.*mmcv was called.*MMCV_WITH_OPS=1 .*mmcv==2.1.0"):
        ops.nms(torch.rand(3, 4), torch.rand(3), 0.5)
    layer = ops.DeformConv2d(2, 2, 3, padding=1)
    with pytest.raises(RuntimeError, match=r"'deform_conv_forward'.*MMCV_WITH_OPS=1"):
        layer(torch.rand(1, 2, 5, 5), torch.zeros(1, 18, 5, 5))


@pytest.mark.skipif(not FULL, reason='mmcv has no compiled operators here')
def test_compiled_operators_of_a_full_mmcv_compute():
    ops = importlib.import_module('mmcv.ops')
    boxes = torch.tensor([[0., 0., 2., 2.], [0., 0., 2., 2.], [5., 5., 7., 7.]])
    assert ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5)[1].tolist() == [0, 2]
    layer, image = ops.DeformConv2d(2, 2, 3, padding=1), torch.rand(1, 2, 5, 5)
    expected = nn.functional.conv2d(image, layer.weight, padding=1)
    torch.testing.assert_close(layer(image, torch.zeros(1, 18, 5, 5)), expected)


@pytest.mark.skipif(not (FULL or IS_MENDED), reason='mmcv.ops cannot be imported here, and mmseg does without it')
def test_operators_in_plain_pytorch_work():
    ops = importlib.import_module('mmcv.ops')
    image = torch.rand(1, 2, 4, 4)
    centres = torch.tensor([[[0.125, 0.125], [0.375, 0.125]]])
    torch.testing.assert_close(ops.point_sample(image, centres), image[:, :, 0, :2])


@needs_mmseg
@pytest.mark.parametrize('missing', ['mmcv', 'mmseg'])
def test_not_present_when_a_package_is_missing(monkeypatch, missing):
    monkeypatch.setattr('mmtips.compat.mends._outcomes', {})
    monkeypatch.setitem(sys.modules, missing, None)
    apply_mends((COMPILED_OPS, ))
    assert outcome_of(COMPILED_OPS) == 'not present'


@pytest.mark.parametrize(('line', 'expected'), [('from mmcv.ops import point_sample', True),
                                                ('try:\n    from mmcv.ops import point_sample', False),
                                                ('import torch', False)])
def test_only_unguarded_imports_count(monkeypatch, tmp_path, line, expected):
    (tmp_path / 'utils').mkdir()
    (tmp_path / 'utils' / 'mask_classification.py').write_text(f'# header\n{line}\n')
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(compiled_ops, 'find_spec', lambda _: spec)
    assert compiled_ops._mmseg_needs_ops() == expected
