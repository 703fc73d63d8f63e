# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
import torch.nn.functional as F

from mmtips.downsampling import TIPS, AvgPool, BlurPool, MaxPool, StridedConv, build_downsampler, functional
from mmtips.downsampling.functional import shift_map, tips_features
from tests.downsampling.witness import Witness


def test_tips_module_equals_its_function_and_has_two_parameters():
    operator, x = TIPS(5), torch.randn(2, 5, 15, 17)
    assert {name: p.numel() for name, p in operator.named_parameters()} == {'score_weight': 45, 'score_scale': 5}
    assert not list(operator.buffers())
    torch.testing.assert_close(operator(x), functional.tips(x, operator.score_weight, operator.score_scale))


@pytest.mark.parametrize('stride', [2, 3, 4])
@pytest.mark.parametrize('zeroed', ['score_weight', 'score_scale'])
def test_tips_with_zero_scores_is_average_pooling(stride, zeroed):
    operator, x = TIPS(3, stride).double(), torch.randn(2, 3, 4 * stride, 5 * stride).double()
    torch.nn.init.zeros_(getattr(operator, zeroed))
    torch.testing.assert_close(operator(x), F.avg_pool2d(x, stride), rtol=0, atol=1e-15)
    odd = torch.randn(2, 3, 13, 17).double()
    torch.testing.assert_close(operator(odd), AvgPool(3, stride)(odd), rtol=0, atol=1e-15)


@pytest.mark.parametrize('phase', range(4))
def test_tips_driven_to_one_hot_selects_a_phase(phase):
    """The centre tap copies x into psi; a bright quadrant with a large scale takes all the weight."""
    operator = TIPS(1)
    with torch.no_grad():
        operator.score_weight.zero_()[:, :, 1, 1] = 1
        operator.score_scale.fill_(1000.)
    x = torch.rand(1, 1, 8, 8)
    row, column = divmod(phase, 2)
    x[:, :, 4 * row:4 * row + 4, 4 * column:4 * column + 4] += 1
    assert torch.equal(operator(x), x[:, :, row::2, column::2])


def test_tips_15x17_gives_8x9():
    assert TIPS(2)(torch.randn(1, 2, 15, 17)).shape == (1, 2, 8, 9)


def test_tips_observer_sees_training_only():
    operator, x = TIPS(2), torch.randn(1, 2, 6, 6)
    operator.observer = observer = Witness(torch.tensor([1, -1]))
    operator.eval()(x)
    assert not observer.seen
    operator.train()(x)
    (weights, undo), = observer.seen
    assert weights.shape == (1, 2, 4)
    wanted = shift_map(x, torch.tensor([1, -1]))
    torch.testing.assert_close(undo, (tips_features(x, operator.score_weight) - wanted).square().mean())


def test_tips_training_draws_no_random_number():
    operator, x = TIPS(2).train(), torch.randn(1, 2, 6, 6)
    state = torch.get_rng_state()
    operator(x)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize('stride', [2, 3])
def test_pools_equal_torch(stride):
    x = torch.randn(2, 3, 4 * stride, 5 * stride)
    assert torch.equal(MaxPool(3, stride)(x), F.max_pool2d(x, stride))
    assert torch.equal(AvgPool(3, stride)(x), F.avg_pool2d(x, stride))


def test_blur_pool_by_hand():
    x = torch.tensor([[0., 4, 0, 8], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])[None, None]
    # Reflection around the first row and column; taps (1 2 1)/4 both ways; kept rows and columns 0 and 2.
    expected = torch.tensor([[2 * 4 / 4 * 2 / 4, (4 + 8) / 4 * 2 / 4], [0, 0]])[None, None]
    torch.testing.assert_close(BlurPool(1)(x), expected)


def test_blur_pool_keeps_constants_and_its_kernel_out_of_the_checkpoint():
    operator = BlurPool(3, filter_size=5)
    assert not operator.state_dict()
    assert not list(operator.parameters())
    torch.testing.assert_close(operator(torch.full((1, 3, 9, 8), 2.5)), torch.full((1, 3, 5, 4), 2.5))


@pytest.mark.parametrize('stride', [2, 3, 4])
def test_strided_conv_starts_as_subsampling_and_learns(stride):
    operator, x = StridedConv(3, stride), torch.randn(2, 3, 13, 14)
    assert torch.equal(operator(x), x[:, :, ::stride, ::stride])
    operator(x).sum().backward()
    assert (operator.weight.grad != 0).all()


@pytest.mark.parametrize('kind', [TIPS, BlurPool, StridedConv])
def test_padding_mode_is_checked_at_construction(kind):
    with pytest.raises(ValueError, match="padding_mode: expected one of .* got 'mirror'"):
        kind(3, padding_mode='mirror')


def test_unknown_type_lists_what_there_is():
    with pytest.raises(KeyError, match='TIPSY.*AvgPool.*TIPS'):
        build_downsampler(dict(type='TIPSY'), 3)


@pytest.mark.parametrize('cfg', ['TIPS', dict(), dict(type=torch.nn.ReLU), None])
def test_malformed_configs_are_refused(cfg):
    with pytest.raises(TypeError, match='downsampler'):
        build_downsampler(cfg, 3)


def test_unknown_option_is_refused():
    with pytest.raises(TypeError, match='filtersize'):
        build_downsampler(dict(type='BlurPool', filtersize=3), 3)


def test_own_class_may_be_given_directly():
    assert isinstance(build_downsampler(dict(type=MaxPool), 3, 4), MaxPool)


@pytest.mark.parametrize('stride', [2, 3])
def test_the_maximum_is_the_same_with_and_without_gradients(stride):
    operator, x = build_downsampler(dict(type='MaxPool'), 2, stride), torch.randn(2, 2, 12, 6)
    x[0, 0, 0, 0], x[0, 1, 3, 3] = torch.nan, torch.inf
    expected = F.max_pool2d(x, stride)
    assert torch.equal(operator(x).nan_to_num(99.), expected.nan_to_num(99.))
    assert torch.equal(operator(x.clone().requires_grad_()).nan_to_num(99.), expected.nan_to_num(99.))
