# Copyright (c) mmtips authors. All rights reserved.
"""The record of one forward."""

import itertools

import pytest
import torch
from torch import nn

from mmtips.inspection import record


class Branches(nn.Module):
    """Something of everything: a shared module, a change in place, a look at the size, a constant, two outputs."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.unused = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        y = self.relu(self.norm(self.conv(x)))
        z = self.relu(y + torch.ones(y.shape))
        z[..., 0] = 0
        return y, {'sum': z}


def test_steps_calls_and_shapes():
    flow = record(Branches(), torch.empty(2, 3, 9, 8))
    assert [step.function for step in flow.steps if step.call.path] == ['conv2d', 'batch_norm', 'relu', 'relu']
    assert [step.function for step in flow.steps if not step.call.path] == ['shape', 'add', '__setitem__']
    assert [call.path for call in flow.calls] == ['', 'conv', 'norm', 'relu', 'relu']
    assert flow.shapes[0] == (2, 3, 9, 8)
    assert {flow.shapes[number] for number in flow.outputs} == {(2, 4, 5, 4)}


def test_a_change_in_place_gives_a_new_number():
    flow = record(Branches())
    before, after = [step for step in flow.steps if step.function in ('batch_norm', 'relu')][:2]
    assert after.inputs == before.outputs
    assert after.outputs != before.outputs
    assert after.outputs[0] in flow.outputs


def test_multiply_adds_of_convolutions():
    flow = record(nn.Sequential(nn.Conv2d(4, 8, 3, padding=1, groups=2), nn.ReLU()), torch.empty(1, 4, 5, 6))
    assert [step.macs for step in flow.steps] == [8 * 5 * 6 * 2 * 9, 0]


@pytest.mark.parametrize('training', [True, False])
def test_the_network_stays_as_it_was(training):
    net = Branches().train(training)
    net.norm.eval()
    state = {name: value.clone() for name, value in net.state_dict().items()}
    random = torch.get_rng_state()
    record(net)
    assert all(torch.equal(net.state_dict()[name], value) for name, value in state.items())
    assert torch.equal(torch.get_rng_state(), random)
    assert net.training == net.conv.training == training
    assert not net.norm.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


def test_it_stays_as_it_was_after_a_failure():
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(5, 4, 1)).train()
    with pytest.raises(ValueError, match=r'Sequential could not be run on an image of shape \(1, 3, 224, 224\)'):
        record(net)
    assert net[0].training
    assert not net[0]._forward_hooks


def test_a_large_network_costs_nothing():
    """No data: this one would need a terabyte."""
    flow = record(nn.Sequential(nn.Conv2d(3, 64, 3)), torch.empty(1, 3, 1, 1).expand(1, 3, 60000, 60000))
    assert flow.shapes[flow.outputs[0]] == (1, 64, 59998, 59998)


def test_deformable_convolutions_run_without_a_compiled_operator():

    class Deformable(nn.Module):
        stride, padding = (2, 2), (1, 1)

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(4, 3, 3, 3))

        def forward(self, x):
            raise RuntimeError('compiled operator')

    net = nn.Sequential(Deformable())
    flow = record(net, torch.empty(1, 3, 9, 9))
    assert flow.shapes[flow.outputs[0]] == (1, 4, 5, 5)
    with pytest.raises(RuntimeError, match='compiled operator'):
        net(torch.empty(1, 3, 9, 9))


@pytest.mark.parametrize(('kernel', 'stride', 'padding', 'dilation'), itertools.product(
    (1, 2, 3, 5), (1, 2, 3), (0, 1, (2, 1), 'valid'), (1, 2, (1, 3))))
def test_shapes_of_convolutions_are_those_of_torch(kernel, stride, padding, dilation):
    convolution = nn.Conv2d(4, 6, kernel, stride, padding, dilation, groups=2)
    for size in ((11, 14), (16, 13)):
        x = torch.empty(2, 4, *size)
        flow = record(nn.Sequential(convolution), x)
        assert flow.shapes[flow.outputs[0]] == convolution(x).shape


@pytest.mark.parametrize(('module', 'shape'), [
    (nn.Conv2d(4, 2, 5), (1, 4, 3, 9)), (nn.Conv2d(4, 2, 1), (1, 3, 8, 8)), (nn.Linear(5, 2), (1, 3, 8, 8)),
    (nn.BatchNorm2d(5), (1, 3, 8, 8)), (nn.GroupNorm(2, 4), (1, 3, 8, 8)), (nn.LayerNorm(5), (1, 3, 8, 8)),
])
def test_what_torch_refuses_is_refused(module, shape):
    network = nn.Sequential(module).eval()
    with pytest.raises((RuntimeError, ValueError)):
        network(torch.randn(shape))
    with pytest.raises(ValueError, match='could not be run'):
        record(network, torch.empty(shape))


@pytest.mark.parametrize(('module', 'shape'), [
    (nn.Linear(5, 2), (1, 3, 8, 5)), (nn.BatchNorm2d(3), (1, 3, 8, 8)), (nn.GroupNorm(2, 4), (1, 4, 8, 8)),
    (nn.LayerNorm((8, 5)), (1, 3, 8, 5)), (nn.BatchNorm2d(3, track_running_stats=False), (1, 3, 8, 8)),
    (nn.InstanceNorm2d(3), (1, 3, 8, 8)),
])
def test_shapes_of_products_and_norms_are_those_of_torch(module, shape):
    flow = record(nn.Sequential(module).eval(), torch.empty(shape))
    assert flow.shapes[flow.outputs[0]] == module.eval()(torch.randn(shape)).shape
