# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
from hypothesis import settings
from mmengine.registry import DefaultScope, init_default_scope

# Two test processes share two cores.
torch.set_num_threads(1)
settings.register_profile('mmtips', derandomize=True, deadline=None, print_blob=True)
settings.load_profile('mmtips')


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture
def scope():
    """A function that sets the default scope for one test, and skips where the host is missing."""

    def set_scope(host):
        pytest.importorskip(f'{host}.models')
        init_default_scope(host)

    before = DefaultScope.get_current_instance()
    yield set_scope
    if before is not None:
        init_default_scope(before.scope_name)
