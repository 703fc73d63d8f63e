# Copyright (c) mmtips authors. All rights reserved.
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging.history_buffer import HistoryBuffer

from tests.compat.helpers import Calls, load_into_model, load_saved, refuses_by_default, run


@pytest.fixture(scope='module')
def trained(tmp_path_factory) -> Path:
    work_dir = tmp_path_factory.mktemp('run')
    run(work_dir, iterations=2)
    return work_dir


def test_training_resumes_from_a_checkpoint(trained):
    runner = run(trained, iterations=3, resume=True)
    assert runner.iter == 3
    assert len(runner.message_hub.get_scalar('train/loss').data[0]) == 3
    assert (trained / 'iter_3.pth').exists()


def test_every_loader_accepts_a_checkpoint(trained):
    path = str(trained / 'iter_2.pth')
    history = torch.load(path)['message_hub']['log_scalars']['train/loss']
    assert isinstance(history, HistoryBuffer)
    assert history.statistics('mean') == history.mean()
    assert 'state_dict' in load_into_model(path)


@refuses_by_default
def test_the_fault_exists_without_the_mend(trained, fresh):
    printed = fresh(f"""
        import pickle, torch, mmengine.logging
        try:
            torch.load({str(trained / 'iter_2.pth')!r})
        except pickle.UnpicklingError as error:
            print('refused')
    """)
    assert printed.strip() == 'refused'


@pytest.mark.parametrize('name', ['min', 'max', 'current', 'mean'])
def test_getattr_reaches_the_statistics_of_a_history(name):
    assert load_saved(Calls(getattr, HistoryBuffer, name)) is getattr(HistoryBuffer, name)


@pytest.mark.parametrize('kind', ['f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', '?'])
def test_arrays_and_scalars_of_numbers_are_loaded(kind):
    array = np.ones((2, 3), dtype=kind)
    loaded = load_saved([array, array[0, 0]])
    np.testing.assert_array_equal(loaded[0], array)
    assert loaded[1] == array[0, 0]
    assert loaded[1].dtype == array.dtype
