# Copyright (c) mmtips authors. All rights reserved.
"""The published counts and sizes of All-CNN."""

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from mmtips.backbones import AllCNN
from mmtips.downsampling import DOWNSAMPLERS, Downsampler


def count(net):
    return sum(parameter.numel() for parameter in net.parameters())


@pytest.mark.parametrize(('arch', 'reduce', 'parameters'), [
    ('C', 'allconv', 1_369_738), ('C', 'maxpool', 954_730), ('C', 'strided', 954_730), ('C', 'convpool', 1_369_738),
    # With biases: 5*5*3*96 + 96, 5*5*96*192 + 192, 9*192*192 + 192, 192*192 + 192, 192*10 + 10; and 83,040 + 331,968.
    ('A', 'maxpool', 839_242), ('A', 'allconv', 1_254_250), ('B', 'allconv', 1_254_250 + 9_312 + 37_056),
])
def test_parameters(arch, reduce, parameters):
    assert count(AllCNN(arch, dict(type=reduce))) == parameters


@pytest.mark.parametrize('arch', ['A', 'B', 'C'])
@pytest.mark.parametrize('reduce', ['maxpool', 'strided', 'convpool', 'allconv', *DOWNSAMPLERS.module_dict])
def test_maps(arch, reduce):
    """32, 16, 8 and, without padding, 6 pixels, however the map is reduced."""
    operator = reduce in DOWNSAMPLERS.module_dict
    net = AllCNN(arch, dict(type=reduce), num_classes=7)
    assert len([module for module in net.modules() if isinstance(module, Downsampler)]) == 2 * operator
    sizes = []
    for name in ('stage1', 'reduce1', 'stage2', 'reduce2', 'stage3'):
        net.get_submodule(name).register_forward_hook(lambda _, __, y: sizes.append(y.shape[-1]))
    scores, = net.eval()(torch.randn(2, 3, 32, 32))
    assert scores.shape == (2, 7, 6, 6)
    assert sizes == ([16, 16, 8, 8, 6] if reduce == 'strided' else [32, 16, 16, 8, 6])


def test_width():
    assert [module.out_channels for module in AllCNN(width=4, num_classes=7).modules() if isinstance(module, nn.Conv2d)
            ] == [4, 4, 4, 8, 8, 8, 8, 8, 7]


def test_a_normalisation_before_every_activation():
    net = AllCNN(width=4, norm_cfg=dict(type='BN'))
    parts = [module for module in net.modules() if isinstance(module, (nn.Conv2d, nn.BatchNorm2d, nn.ReLU))]
    assert [type(part) for part in parts] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 9
    assert not [module for module in AllCNN(width=4).modules() if isinstance(module, nn.BatchNorm2d)]


def test_published_dropout_and_activation():
    net = AllCNN()
    assert [module.p for module in net.modules() if isinstance(module, nn.Dropout)] == [0.2, 0.5, 0.5]
    assert (net(torch.randn(2, 3, 32, 32))[0] >= 0).all()  # ReLU after the last convolution, too
    net.eval()
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(net(x)[0], net(x)[0])


def test_it_is_built_by_name_and_converted_as_any_other(scope):
    scope('mmpretrain')
    net = MODELS.build(dict(type='TIPSBackbone', base='AllCNN', reduce=dict(type='strided'),
                            downsampler=dict(type='BlurPool')))
    assert count(net) == 954_730
    assert net.stage1[2].stride == (1, 1)


@pytest.mark.parametrize(('options', 'error', 'message'), [
    (dict(width=0), ValueError, 'width: expected an integer >= 1, got 0'),
    (dict(arch='D'), ValueError, r"arch: expected one of \['A', 'B', 'C'\], got 'D'"),
    (dict(reduce=dict(type='Tipps')), KeyError, "type 'Tipps' is not registered"),
    (dict(reduce=dict(stride=2)), TypeError, "expected a dict with 'type'"),
    (dict(reduce=dict(type='maxpool', taps=4)), ValueError, "reduce: expected type='maxpool' and no options"),
])
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        AllCNN(**options)
