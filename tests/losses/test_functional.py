# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from mmtips.downsampling.functional import tips_features, tips_phase_weights
from mmtips.losses import combine_losses, feature_mixing_loss, shift_amounts, shift_map, undo_loss

UNIFORM = torch.full((2, 3, 4), 0.25)
ONE_HOT = F.one_hot(torch.tensor([[0, 1, 2], [3, 0, 1]]), 4).float()


@pytest.mark.parametrize(('form', 'uniform', 'one_hot'), [('released', 0.5, 0), ('paper', -1.5, -3),
                                                          ('two_sided', 0.0625, 0.0625)])
def test_known_values(form, uniform, one_hot):
    torch.testing.assert_close(feature_mixing_loss(UNIFORM, form), torch.tensor(float(uniform)))
    torch.testing.assert_close(feature_mixing_loss(ONE_HOT, form), torch.tensor(float(one_hot)))


def test_two_sided_prefers_the_middle_to_both_ends():
    middle = 0.5 * UNIFORM + 0.5 * ONE_HOT
    assert feature_mixing_loss(middle, 'two_sided') < feature_mixing_loss(UNIFORM, 'two_sided')
    assert feature_mixing_loss(middle, 'two_sided') < feature_mixing_loss(ONE_HOT, 'two_sided')


def test_unknown_form():
    with pytest.raises(ValueError, match="form: expected one of .* got 'eq3'"):
        feature_mixing_loss(UNIFORM, 'eq3')


@pytest.mark.parametrize('form', ['released', 'paper', 'two_sided'])
def test_gradient_of_the_mixing_loss(form):
    logits = torch.randn(2, 3, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: feature_mixing_loss(x.softmax(-1), form), logits)


def test_half_precision_is_computed_in_float32():
    assert feature_mixing_loss(UNIFORM.half()).dtype == torch.float32
    x = torch.full((1, 1, 4, 4), 300.)  # its square overflows float16
    loss = undo_loss(torch.zeros_like(x).half(), x.half(), torch.zeros(2))
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)


def naive_shift(x, rows, columns, mode):
    out, (h, w) = torch.zeros_like(x), x.shape[-2:]
    for i in range(h):
        for j in range(w):
            si, sj = i - rows, j - columns
            if mode == 'circular':
                out[..., i, j] = x[..., si % h, sj % w]
            elif 0 <= si < h and 0 <= sj < w:
                out[..., i, j] = x[..., si, sj]
    return out


@pytest.mark.parametrize('mode', ['standard', 'circular'])
@pytest.mark.parametrize('amounts', [(0, 0), (1, 2), (-2, 1), (2, -2)])
def test_shift_equals_a_loop(mode, amounts):
    x = torch.randn(2, 3, 5, 7)
    assert torch.equal(shift_map(x, torch.tensor(amounts), mode), naive_shift(x, *amounts, mode))


def test_unknown_shift_mode():
    with pytest.raises(ValueError, match="mode: expected one of .* got 'zero'"):
        shift_map(torch.zeros(1, 1, 4, 4), torch.zeros(2).long(), 'zero')


@given(h=st.integers(1, 80), w=st.integers(1, 80), u=st.floats(0, 1, exclude_max=True, width=32),
       v=st.floats(0, 1, exclude_max=True, width=32))
def test_shifts_never_exceed_a_quarter_of_the_map(h, w, u, v):
    rows, columns = shift_amounts(torch.tensor([u, v]), (h, w)).tolist()
    assert abs(rows) <= h // 4
    assert abs(columns) <= w // 4


def test_all_shifts_are_equally_likely():
    draws = [shift_amounts(torch.tensor([(k + 0.5) / 700, 0.]), (14, 4))[0].item() for k in range(700)]
    assert torch.bincount(torch.tensor(draws) + 3).tolist() == [100] * 7


@pytest.mark.parametrize('value', [-0.1, 0.26, 1])
def test_range_of_shifts_is_checked(value):
    with pytest.raises(ValueError, match='max_shift'):
        shift_amounts(torch.zeros(2), (8, 8), value)


def test_undo_loss_by_hand():
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 1, 1] = 2
    # The offset just below 1 shifts by +1 in both directions; the features say 2 where the pixel was.
    loss = undo_loss(x.clone(), x, torch.tensor([0.99, 0.99]))
    assert loss.item() == pytest.approx((4 + 4) / 16)
    assert undo_loss(x.clone(), x, torch.tensor([0.5, 0.5])).item() == 0


def test_no_gradient_reaches_the_shifted_target():
    x = torch.randn(1, 2, 8, 8).requires_grad_()
    features = torch.randn(1, 2, 8, 8).requires_grad_()
    undo_loss(features, x, torch.rand(2)).backward()
    assert x.grad is None
    assert features.grad is not None


def test_gradients_of_both_losses_through_the_scorer():
    x = torch.randn(1, 2, 8, 8).double()

    def objective(weight, scale):
        features = tips_features(x, weight)
        mixing = feature_mixing_loss(tips_phase_weights(features, scale, 2), 'released')
        return mixing + undo_loss(features, x, torch.tensor([0.9, 0.1]))

    weight = torch.randn(2, 1, 3, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(objective, (weight, torch.randn(2).double().requires_grad_()))


def test_objective_by_hand():
    losses = {'decode.loss_ce': torch.tensor(2.), 'decode.acc_seg': torch.tensor(50.),
              'aux.loss_ce': [torch.tensor(1.), torch.tensor(3.)]}
    out = combine_losses(losses, torch.tensor(0.5), torch.tensor(10.), alpha=0.35)
    assert out['decode.loss_ce'].item() == pytest.approx(1.3)
    assert [value.item() for value in out['aux.loss_ce']] == pytest.approx([0.65, 1.95])
    assert out['decode.acc_seg'].item() == 50
    assert out['loss_tips_fm'].item() == 0.5
    assert out['loss_tips_undo'].item() == pytest.approx(3.5)
    assert 'loss_tips_undo' not in combine_losses(losses, torch.tensor(0.5), None)
    assert combine_losses(losses, torch.tensor(0.5), None, mixing_weight=0.5)['loss_tips_fm'].item() == 0.25


def test_the_name_that_would_hide_the_total_is_renamed():
    out = combine_losses({'loss': torch.tensor(2.)}, torch.tensor(0.5), None, alpha=0.5)
    assert out == {'loss_task': 1, 'loss_tips_fm': 0.5}
