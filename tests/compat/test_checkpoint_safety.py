# Copyright (c) mmtips authors. All rights reserved.
import inspect
import os
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner import checkpoint

import mmtips
from mmtips.compat import CHECKPOINT_FALLBACK
from mmtips.compat.mends import MENDED, apply_mends, outcome_of
from tests.compat.helpers import Calls, load_into_model, load_saved, refuses_by_default, run

HAS_FALLBACK_LOADER = hasattr(checkpoint, '_safe_torch_load')


@refuses_by_default
@pytest.mark.parametrize('zipped', [True, False])
@pytest.mark.parametrize('load', [torch.load, load_into_model, checkpoint._load_checkpoint])
def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path, load, zipped):
    trace = tmp_path / 'trace'
    hostile = dict(state_dict={}, message_hub=HistoryBuffer([1.0], [1]), extra=Calls(os.system, f'touch {trace}'))
    path = str(tmp_path / 'hostile.pth')
    torch.save(hostile, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(pickle.UnpicklingError):
        load(path)
    assert not trace.exists()


@refuses_by_default
def test_a_resume_from_a_hostile_checkpoint_is_refused(tmp_path):
    trace = tmp_path / 'trace'
    torch.save(dict(meta=dict(iter=1), extra=Calls(os.system, f'touch {trace}')), tmp_path / 'iter_1.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_1.pth'))
    with pytest.raises(pickle.UnpicklingError):
        run(tmp_path, iterations=2, resume=True)
    assert not trace.exists()


@refuses_by_default
@pytest.mark.parametrize(('owner', 'name'), [(HistoryBuffer, 'update'), (HistoryBuffer, '__init__'),
                                             (HistoryBuffer, '__subclasses__'), (HistoryBuffer([1.0], [1]), 'mean'),
                                             (np.ndarray, 'tofile'), (np.ndarray, 'max'), (Calls(
                                                 getattr, HistoryBuffer, 'mean'), '__globals__'), ('text', 'format')])
def test_getattr_reaches_nothing_else(owner, name):
    with pytest.raises(pickle.UnpicklingError, match='refused getattr'):
        load_saved(Calls(getattr, owner, name))


@refuses_by_default
def test_a_checkpoint_cannot_widen_what_getattr_reaches(monkeypatch):
    monkeypatch.setattr(HistoryBuffer, '_statistics_methods', dict(HistoryBuffer._statistics_methods))
    monkeypatch.setattr(HistoryBuffer, '__getstate__', lambda _: dict(statistics_methods=dict(update=None)))
    with pytest.raises(pickle.UnpicklingError, match='refused getattr'):
        load_saved([HistoryBuffer(), Calls(getattr, HistoryBuffer, 'update')])
    assert 'update' in HistoryBuffer._statistics_methods


@refuses_by_default
def test_arrays_of_objects_are_refused():
    with pytest.raises(pickle.UnpicklingError):
        load_saved(np.array([Calls(os.getcwd)], dtype=object))


def falls_back(file: Any, map_location: Any = None, weights_only: Any = None) -> Any:
    """What the loader of the OneDL fork does."""
    try:
        return torch.load(file, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError:
        return torch.load(file, map_location=map_location, weights_only=False)


@refuses_by_default
def test_a_loader_that_falls_back_to_running_code_is_replaced(monkeypatch, tmp_path):
    monkeypatch.setattr('mmtips.compat.mends._outcomes', {})
    monkeypatch.setattr(checkpoint, '_safe_torch_load', falls_back, raising=False)
    assert CHECKPOINT_FALLBACK.needed()
    apply_mends((CHECKPOINT_FALLBACK, ))
    assert outcome_of(CHECKPOINT_FALLBACK) == MENDED
    trace = tmp_path / 'trace'
    torch.save(Calls(os.system, f'touch {trace}'), tmp_path / 'hostile.pth')
    with pytest.raises(pickle.UnpicklingError):
        checkpoint._safe_torch_load(tmp_path / 'hostile.pth', map_location='cpu')
    assert not trace.exists()


only_fork = pytest.mark.skipif(not HAS_FALLBACK_LOADER, reason='only the mmengine of the OneDL fork has this loader')


@refuses_by_default
@only_fork
def test_the_fork_runs_refused_code_without_the_mend(tmp_path, fresh):
    trace = tmp_path / 'trace'
    torch.save(dict(state_dict={}, extra=Calls(os.system, f'touch {trace}')), tmp_path / 'hostile.pth')
    fresh("""
        import torch
        from mmengine.runner import load_checkpoint
        load_checkpoint(torch.nn.Linear(1, 1), 'hostile.pth')
    """)
    assert trace.exists()


@refuses_by_default
@only_fork
def test_the_loader_of_the_fork_is_replaced():
    assert outcome_of(CHECKPOINT_FALLBACK) == MENDED
    assert 'weights_only=False' not in inspect.getsource(checkpoint._safe_torch_load)


@pytest.mark.skipif(HAS_FALLBACK_LOADER, reason='the mmengine of the OneDL fork needs the mend')
def test_fallback_mend_is_not_needed_upstream():
    mmtips.compat.apply()
    assert outcome_of(CHECKPOINT_FALLBACK) == 'not needed'
    assert not hasattr(checkpoint, '_safe_torch_load')
