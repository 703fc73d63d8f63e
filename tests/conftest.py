# Copyright (c) mmtips authors. All rights reserved.
import functools
import gc
import sys

import pytest
import torch
from hypothesis import settings
from mmengine.config import utils as config_utils
from mmengine.registry import DefaultScope, init_default_scope

# Two test processes share two cores.
torch.set_num_threads(1)
settings.register_profile('mmtips', derandomize=True, deadline=None, print_blob=True)
settings.load_profile('mmtips')
# For each base of a host mmengine reads all metafiles of that host, which takes a second.
config_utils._get_cfg_metainfo = functools.cache(config_utils._get_cfg_metainfo)


def pytest_runtest_setup():
    """Take what libraries made when they were imported out of the sight of the garbage collector.

    mmengine collects for each data set that it builds, which with the hosts loaded takes half a second.
    """
    if len(sys.modules) > pytest_runtest_setup.modules + 200:
        gc.collect()  # so that no garbage is kept
        gc.freeze()
        pytest_runtest_setup.modules = len(sys.modules)


pytest_runtest_setup.modules = 0


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _scope_stays_here():
    """A runner sets the default scope for the whole process."""
    before = dict(DefaultScope._instance_dict)
    yield
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)


@pytest.fixture
def scope():
    """A function that sets the default scope for one test, and skips where the host is missing."""

    def set_scope(host):
        pytest.importorskip(f'{host}.models')
        init_default_scope(host)

    return set_scope
