# Copyright (c) mmtips authors. All rights reserved.
import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtips.downsampling import APS, LPS, TIPS, BlurPool, MaxPool, functional
from mmtips.testing import shift_error
from tests.downsampling.witness import Witness

NORMS = dict(l1=lambda p: p.abs().sum(), l2=lambda p: p.square().sum().sqrt(), linf=lambda p: p.abs().max(),
             l2_min=lambda p: -p.square().sum().sqrt())


@pytest.mark.parametrize('norm', NORMS)
@pytest.mark.parametrize('stride', [2, 3])
def test_aps_equals_an_exhaustive_search(norm, stride):
    x = torch.randn(4, 3, 4 * stride, 5 * stride)
    for sample, kept in zip(x, APS(3, stride, norm=norm)(x), strict=True):
        phases = [sample[:, i::stride, j::stride] for i in range(stride) for j in range(stride)]
        assert torch.equal(kept, max(phases, key=NORMS[norm]))


def test_aps_per_channel_searches_each_channel():
    x = torch.randn(2, 3, 6, 8)
    out = APS(3, per_channel=True)(x)
    for n in range(2):
        for c in range(3):
            phases = [x[n, c, i::2, j::2] for i in range(2) for j in range(2)]
            assert torch.equal(out[n, c], max(phases, key=NORMS['l2']))


def test_aps_chooses_by_the_filtered_map_and_keeps_the_filtered_phase():
    x = torch.randn(2, 3, 8, 8)
    blurred = functional.depthwise_conv(x, functional.binomial_filter(3).float().expand(3, 1, 3, 3),
                                        padding_mode='circular')
    torch.testing.assert_close(APS(3, antialias=3)(x), APS(3)(blurred))


def naive_logits(x, stride, w1, b1, w2, b2):
    logits = []
    for i in range(stride):
        for j in range(stride):
            phase = x[:, :, i::stride, j::stride]
            hidden = F.conv2d(F.pad(phase, (1, 1, 1, 1), mode='circular'), w1, b1).relu()
            out = F.conv2d(F.pad(hidden, (1, 1, 1, 1), mode='circular'), w2, b2)
            logits.append(out.mean((1, 2, 3)))
    return torch.stack(logits, dim=1)


@pytest.mark.parametrize('stride', [2, 3])
def test_logits_equal_the_whole_network_run_on_every_phase(stride):
    weights = torch.randn(5, 3, 3, 3), torch.randn(5), torch.randn(5, 5, 3, 3), torch.randn(5)
    weights = [w.double() for w in weights]
    x = torch.randn(2, 3, 3 * stride, 4 * stride).double()
    torch.testing.assert_close(functional.phase_logits(x, stride, *weights), naive_logits(x, stride, *weights))


@settings(max_examples=20, deadline=None)
@given(stride=st.integers(2, 4), rows=st.integers(-5, 5), columns=st.integers(-5, 5))
def test_logits_permute_under_a_roll(stride, rows, columns):
    chooser = LPS(3, stride).double().chooser
    weights = chooser.hidden_weight, chooser.hidden_bias, chooser.logit_weight, chooser.logit_bias
    x = torch.randn(2, 3, 3 * stride, 4 * stride).double()
    logits = functional.phase_logits(x, stride, *weights).unflatten(1, (stride, stride))
    moved = functional.phase_logits(x.roll((rows, columns), (-2, -1)), stride, *weights).unflatten(1, (stride, stride))
    torch.testing.assert_close(moved, logits.roll((rows, columns), (1, 2)))


def test_lps_keeps_the_phase_of_the_largest_logit_in_eval():
    operator, x = LPS(3).eval(), torch.randn(4, 3, 6, 6)
    chooser = operator.chooser
    best = naive_logits(x, 2, chooser.hidden_weight, chooser.hidden_bias, chooser.logit_weight,
                        chooser.logit_bias).argmax(1)
    for sample, kept, phase in zip(x, operator(x), best.tolist(), strict=True):
        assert torch.equal(kept, sample[:, phase // 2::2, phase % 2::2])


def test_gumbel_frequencies_are_the_softmax_of_the_logits():
    """The largest of logits plus Gumbel noise is drawn with the softmax's probabilities, whatever the temperature."""
    chooser = LPS(1, hidden=1).train().chooser
    with torch.no_grad():
        chooser.hidden_weight.zero_()[..., 1, 1] = 1
        chooser.hidden_bias.zero_()
        chooser.logit_weight.zero_()[..., 1, 1] = 1
        chooser.logit_bias.zero_()
    logits = torch.tensor([0.1, 1.0, 0.5, 2.0])
    x = logits.reshape(1, 1, 2, 2).expand(20_000, 1, 2, 2)
    torch.manual_seed(0)
    weights = chooser(x, 2)
    torch.testing.assert_close(weights.sum(1), torch.ones(20_000))
    frequencies = torch.bincount(weights.argmax(1), minlength=4) / 20_000
    torch.testing.assert_close(frequencies, logits.softmax(0), atol=0.015, rtol=0)


def test_temperature_sharpens_and_is_in_the_checkpoint_where_eval_needs_it():
    operator, x = LPS(3, mixing='convex').eval(), torch.randn(2, 3, 6, 6)
    weights = operator.chooser(x, 2)
    operator.chooser.temperature.fill_(0.1)
    assert (operator.chooser(x, 2).max(1).values > weights.max(1).values).all()
    twin = LPS(3, mixing='convex').eval()
    twin.load_state_dict(operator.state_dict())
    torch.testing.assert_close(twin(x), operator(x))
    for mixing in ('gumbel', 'train_convex'):  # eval selects, and the schedule sets what training mixes with
        assert 'chooser.temperature' not in LPS(3, mixing=mixing).state_dict()
    earlier = {key: value for key, value in operator.state_dict().items() if 'temperature' not in key}
    LPS(3, mixing='convex').load_state_dict(earlier)


def make_pair(make):
    leader, branch = make().eval(), make().eval()
    branch.follow(leader)
    return torch.nn.ModuleList([leader, branch])


@pytest.mark.parametrize('make', [lambda: APS(3), lambda: LPS(3)], ids=['APS', 'LPS'])
def test_a_branch_keeps_the_phases_of_its_leader(make):
    leader, branch = make_pair(make)
    x, ramp = torch.randn(5, 3, 6, 6), torch.arange(36.).reshape(1, 1, 6, 6).expand(5, 3, 6, 6)
    kept = []
    leader.listeners.append(lambda weights: kept.append(weights.argmax(1)))
    leader(x)
    corner = branch(ramp)[:, 0, 0, 0].long()  # by itself the branch would keep the last phase of a ramp
    assert torch.equal(corner // 6 * 2 + corner % 6, kept[0])


SHARING = {
    'APS': lambda: APS(3),
    'LPS': lambda: LPS(3),
    'TIPS-norm': lambda: TIPS(3, anchor='norm'),
    'TIPS-learned': lambda: TIPS(3, anchor='learned'),
}


@pytest.mark.parametrize('make', SHARING.values(), ids=SHARING)
def test_copies_of_a_pair_hand_over_among_themselves(make):
    pair = make_pair(make)
    assert not [name for name, _ in pair[1].named_parameters() if 'chooser' in name]
    leader, branch = copy.deepcopy(pair)
    leader(torch.randn(5, 3, 6, 6))
    assert branch(torch.randn(5, 3, 6, 6)).shape == (5, 3, 3, 3)
    with pytest.raises(RuntimeError, match='ran before the branch whose phase it shares'):
        pair[1](torch.randn(5, 3, 6, 6))


def test_a_branch_without_its_leader_says_so():
    leader, branch = APS(3), APS(3)
    branch.follow(leader)
    x = torch.randn(1, 3, 4, 4)
    leader(x)
    branch(x)
    with pytest.raises(RuntimeError, match='ran before the branch whose phase it shares'):
        branch(x)


def test_branches_share_soft_weights_in_training():
    leader, branch = LPS(3).train(), LPS(3).train()
    branch.follow(leader)
    x = torch.randn(2, 3, 6, 6)
    torch.testing.assert_close(leader(x), branch(x))


def test_nothing_of_the_graph_stays_between_steps():
    pair = torch.nn.ModuleList([LPS(3).train(), LPS(3).train()])
    pair[1].follow(pair[0])
    x = torch.randn(2, 3, 6, 6)
    (pair[0](x) + pair[1](x)).sum().backward()
    copy.deepcopy(pair)


@pytest.mark.parametrize('anchor', ['norm', 'learned'])
@pytest.mark.parametrize('stride', [2, 3, 4])
def test_an_anchored_mix_is_soft_and_exactly_equivariant(anchor, stride):
    operator = TIPS(3, stride, anchor=anchor)
    with torch.no_grad():
        operator.score_scale.normal_(std=3)
    x = torch.randn(3, 3, 4 * stride, 4 * stride)
    assert shift_error(operator, x).equivariant < 1e-14
    observer = Witness()
    operator.train().observer = observer
    operator(x)
    assert 1.01 / stride**2 < observer.seen[0][0].max(-1).values.mean() < 0.99  # neither uniform nor one-hot


@settings(max_examples=20, deadline=None)
@given(stride=st.integers(2, 4), extra=st.integers(0, 3))
def test_taps_of_a_phase_sum_to_its_weight(stride, extra):
    taps = min(7, stride + extra)
    tau = torch.rand(2, 3, stride**2).double().softmax(-1)
    window = functional.spread_over_taps(tau, taps, stride)
    before = max(0, (taps - stride + 1) // 2)
    sums = torch.zeros_like(tau)
    for i in range(taps):
        for j in range(taps):
            phase = (i - before) % stride * stride + (j - before) % stride
            sums[..., phase] += window[..., i, j]
    torch.testing.assert_close(sums, tau)


@pytest.mark.parametrize('taps', [3, 4, 5])
def test_equal_weights_over_more_taps_are_blur_pool(taps):
    operator = TIPS(3, scores='phase', taps=taps, scale_bound=0)
    x = torch.randn(2, 3, 8, 10)
    torch.testing.assert_close(operator(x), BlurPool(3, filter_size=taps, padding_mode='circular')(x))


def test_published_numbers_of_a_line():
    """Zhang, ICML 2019, Sec. 3.2: max pooling, and the dense maximum before a filter, on 0 0 1 1 0 0 1 1."""
    line = torch.tensor([0., 0, 1, 1, 0, 0, 1, 1]).expand(1, 1, 8, 8)
    assert MaxPool(1)(line)[0, 0, 0].tolist() == [0, 1, 0, 1]
    assert MaxPool(1)(line.roll(1, -1))[0, 0, 0].tolist() == [1, 1, 1, 1]
    blur = BlurPool(1, padding_mode='circular')

    def dense(x):
        return F.max_pool2d(F.pad(x, (0, 1, 0, 1), mode='circular'), 2, stride=1)

    assert blur(dense(line))[0, 0, 0].tolist() == [0.5, 1, 0.5, 1]
    assert blur(dense(line.roll(1, -1)))[0, 0, 0].tolist() == [0.75] * 4


@pytest.mark.parametrize('filter_size', range(2, 8))
def test_binomial_filters_remove_the_nyquist_frequency(filter_size):
    line = torch.tensor([1., -1] * 8).expand(1, 1, 16, 16)
    out = BlurPool(1, filter_size=filter_size, padding_mode='circular')(line)
    torch.testing.assert_close(out, torch.zeros_like(out), atol=1e-7, rtol=0)


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: APS(3, norm='l3'), "norm: expected one of .* got 'l3'"),
    (lambda: APS(3, antialias=8), 'antialias: expected an integer from 1 to 7'),
    (lambda: LPS(3, mixing='hard'), "mixing: expected 'gumbel', .* got 'hard'"),
    (lambda: LPS(3, hidden=0), 'hidden: expected an integer >= 1'),
    (lambda: TIPS(3, scores='patch'), "scores: expected one of .* got 'patch'"),
    (lambda: TIPS(3, anchor='max'), "anchor: expected one of .* got 'max'"),
    (lambda: TIPS(3, anchor='norm', scores='phase'), "scores: with an anchor .* got 'phase'"),
    (lambda: TIPS(3, 4, taps=3), 'taps: expected an integer from 4 to 7, got 3'),
    (lambda: TIPS(3, scale_bound=-1), 'scale_bound: expected a number >= 0, got -1'),
    (lambda: TIPS(3, score_kernel=2), 'score_kernel: expected an odd number from 1 to 7, got 2'),
    (lambda: BlurPool(3, max_kernel=0), 'max_kernel: expected an integer >= 1, got 0'),
    (lambda: BlurPool(3, filter_size=True), 'filter_size: expected an integer from 1 to 7, got True'),
    (lambda: TIPS(True), 'channels: expected an integer >= 1, got True'),
    (lambda: TIPS(3, score_kernel=3.0), 'score_kernel: expected an integer from 1 to 7, got 3.0'),
    (lambda: TIPS(3, scale_bound='1'), "scale_bound: expected a number >= 0, got '1'"),
])
def test_bad_options(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(('follower', 'leader'), [(APS(4, 3), APS(4, 2)), (APS(4), LPS(4, mixing='convex'))])
def test_a_choice_of_another_kind_is_not_taken_over(follower, leader):
    with pytest.raises(ValueError, match=r'of stride \d cannot keep the phase .*: give both the same operator'):
        follower.follow(leader)


def test_without_a_border_any_padding_keeps_the_mean():
    operator = TIPS(3, scores='phase', score_kernel=1, padding_mode='zeros')
    assert operator.guarantee == shift_error(operator, torch.randn(2, 3, 12, 12)).kept() == 'pooled'
    assert TIPS(3, scores='phase', score_kernel=1, padding_mode='zeros', taps=3).guarantee == 'none'


@pytest.mark.parametrize(('stride', 'options'), [
    (2, dict(anchor='norm', taps=4, keep_max=True)), (3, dict(anchor='norm', taps=6, keep_max=True)),
    (4, dict(anchor='norm', taps=7, keep_max=True)), (8, dict(anchor='norm', keep_max=True))])
def test_a_preset_is_its_options(stride, options):
    def made(**given):
        torch.manual_seed(0)
        return TIPS(3, stride, **given)

    found, written, x = made(preset='equivariant'), made(**options), torch.randn(2, 3, 4 * stride, 4 * stride)
    assert (found.guarantee, found.keeps_max, found.taps) == ('equivariant', True, written.taps)
    assert torch.equal(found(x), written(x))


def test_options_that_are_given_come_before_those_of_a_preset():
    found = TIPS(3, preset='equivariant', taps=3, keep_max=False, anchor='learned')
    assert (found.taps, found.keeps_max, found.anchor) == (3, False, 'learned')
    with pytest.raises(ValueError, match=r"preset: expected one of \('equivariant',\) or None, got 'best'"):
        TIPS(3, preset='best')
