# Copyright (c) mmtips authors. All rights reserved.
"""What keeps TIPS fast, in counts rather than clocks, at the public operator."""

import random

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS
from torch._dynamo.utils import counters
from torch.utils._python_dispatch import TorchDispatchMode

import mmtips  # noqa: F401
from mmtips.benchmark.counts import graph_breaks
from mmtips.benchmark.released import ReleasedTIPS
from mmtips.downsampling import build_downsampler
from tests.operators import OPERATORS

TIPS = dict(type='TIPS')
#: Operations that make the host wait for a value of the device, and those that draw.
WAITS = ('_local_scalar_dense', 'nonzero', 'is_nonzero', 'equal', 'masked_select', 'unique')
DRAWS = ('rand', 'normal', 'bernoulli', 'uniform', 'exponential', 'multinomial', 'dropout')


class Log(TorchDispatchMode):
    """The names of all operations, and how many values each of them makes."""

    def __init__(self):
        super().__init__()
        self.operations = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.operations.append((func.__name__.split('.')[0], out.numel() if isinstance(out, torch.Tensor) else 0))
        return out

    @property
    def names(self):
        return [name for name, _ in self.operations]


@pytest.fixture(autouse=True)
def _fresh_compiler():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def logged(module, x):
    with torch.no_grad(), Log() as log:
        module.eval()(x)
    return log


@pytest.mark.parametrize('cfg', OPERATORS.values(), ids=OPERATORS)
def test_eval_draws_nothing_and_waits_for_nothing(cfg):
    operator, x = build_downsampler(cfg, 8), torch.randn(2, 8, 12, 12)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()  # noqa: NPY002
    names = logged(operator, x).names
    assert names
    assert not [name for name in names if name in WAITS or name.startswith(DRAWS)]
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    after = np.random.get_state()  # noqa: NPY002
    assert (after[1] == before[2][1]).all()
    assert after[2] == before[2][2]


def test_the_log_sees_what_it_looks_for():
    class Drawing(torch.nn.Module):
        def forward(self, x):
            return x + torch.rand_like(x) * float(x.sum())

    names = logged(Drawing(), torch.ones(2, 2)).names
    assert {'rand_like', '_local_scalar_dense'} <= set(names)


def nodes(module, x):
    """Operations of the one graph that ``torch.compile`` hands to its backend, lowered to ATen."""
    graphs = []

    def count(graph, inputs):
        graphs.append(sum(node.op == 'call_function' for node in graph.graph.nodes))
        return graph

    from torch._dynamo.backends.common import aot_autograd
    with torch.no_grad():
        torch.compile(module.eval(), backend=aot_autograd(fw_compiler=count), fullgraph=True)(x)
    assert len(graphs) == 1
    return graphs[0]


def test_the_compiled_forward_is_one_small_graph():
    x = torch.randn(2, 8, 16, 16)
    operator = build_downsampler(TIPS, 8)
    # 13 without a kernel of its own: two convolutions, and between them views and what turns means into weights.
    assert nodes(operator, x) <= 16


def test_eval_runs_fewer_operations_than_the_released_code():
    x = torch.randn(2, 8, 32, 32)
    ours, released = logged(build_downsampler(TIPS, 8), x), logged(ReleasedTIPS(8), x)
    # Maps at full resolution, each of them written to memory: the released code makes psi twice (convolution, ReLU),
    # the stack of phases, its product with the weights, and the shifted copy.
    large = [sum(count >= x.numel() for name, count in log.operations if not name.startswith(('view', 'unsafe_view')))
             for log in (ours, released)]
    assert released.names.count('roll') == 1
    assert large[0] < large[1]
    assert 'roll' not in ours.names
    assert 'stack' not in ours.names


def resnet(**options):
    import mmpretrain.models  # noqa: F401
    return MODELS.build(dict(type='TIPSResNet', depth=18, base_channels=4, stem_channels=4, _scope_='mmpretrain',
                             downsampler=TIPS, **options))


@pytest.mark.parametrize('training', [False, True])
def test_a_compiled_network_is_one_graph(training):
    pytest.importorskip('mmpretrain.models')
    network, x = resnet(), torch.randn(2, 3, 32, 32)
    network.train(training)
    counters.clear()
    compiled = torch.compile(network, backend='eager', fullgraph=True)
    out = compiled(x)
    assert graph_breaks(counters) == 0
    assert counters['stats']['unique_graphs'] == 1
    if not training:
        torch.testing.assert_close(out, network(x))
