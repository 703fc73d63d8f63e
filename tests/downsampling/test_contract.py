# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mmtips.downsampling import APS, DOWNSAMPLERS, AvgPool, Downsampler, build_downsampler
from mmtips.testing import CONTRACT, ContractViolation, shift_error
from tests.operators import OPERATORS


@pytest.mark.parametrize('cfg', OPERATORS.values(), ids=OPERATORS)
@pytest.mark.parametrize('check', CONTRACT.values(), ids=CONTRACT)
def test_contract(check, cfg):
    check(lambda channels, stride: build_downsampler(cfg, channels, stride))


@pytest.mark.parametrize('cfg', OPERATORS.values(), ids=OPERATORS)
@settings(max_examples=10)
@given(stride=st.integers(2, 4), height=st.integers(8, 21), width=st.integers(8, 21), count=st.integers(1, 3))
def test_any_shape(cfg, stride, height, width, count):
    """Sizes are rounded up, and a sample of a batch is reduced as it is alone."""
    operator, x = build_downsampler(cfg, 3, stride).eval(), torch.randn(count, 3, height, width)
    out = operator(x)
    assert out.shape == (count, 3, -(-height // stride), -(-width // stride))
    torch.testing.assert_close(out[-1:], operator(x[-1:]))


def test_every_registered_operator_is_in_the_table():
    assert {cfg['type'] for cfg in OPERATORS.values()} == set(DOWNSAMPLERS.module_dict)


class Subsampling(Downsampler):
    """Every s-th pixel; claims too much if told so."""

    def reduce(self, x):
        return x[..., ::self.stride, ::self.stride]


def test_the_suite_finds_a_false_guarantee():
    class Boastful(Subsampling):
        guarantee = 'equivariant'

    CONTRACT['guarantee'](Subsampling)
    with pytest.raises(ContractViolation, match="declares 'equivariant', keeps 'none'"):
        CONTRACT['guarantee'](Boastful)

    class Modest(AvgPool):
        guarantee = 'none'

    with pytest.raises(ContractViolation, match="declares 'none', keeps 'pooled'"):
        CONTRACT['guarantee'](Modest)


def test_the_suite_finds_a_false_mean():

    class Boastful(Subsampling):
        keeps_constants = True

        def reduce(self, x):
            return 2 * super().reduce(x)

    with pytest.raises(ContractViolation, match=r'declares to keep constants, stride 2, \(8, 8\): differs by 3'):
        CONTRACT['constants'](Boastful)


def test_the_weighted_means_declare_themselves():
    for name in ('TIPS', 'TIPS-phase-taps', 'TIPS-anchor', 'APS-l2_min-3', 'LPS-3', 'DDAC', 'BlurPool', 'AvgPool',
                 'MaxPool'):
        assert build_downsampler(OPERATORS[name], 8).keeps_constants, name
    for name in ('BlurPool-5-zeros', 'DDAC-legacy', 'TIPS-anchor-zeros', 'SPDConv', 'StridedConv'):
        assert not build_downsampler(OPERATORS[name], 8).keeps_constants, name


def test_the_suite_finds_randomness_in_eval():
    class Random(Subsampling):

        def reduce(self, x):
            return super().reduce(x) + torch.rand(())

    with pytest.raises(ContractViolation, match='differ'):
        CONTRACT['eval'](Random)


def test_the_suite_finds_a_wrong_shape():
    class Floor(Subsampling):

        def reduce(self, x):
            return nn.functional.avg_pool2d(x, self.stride)

    with pytest.raises(ContractViolation, match=r'15 x 17: .* not \(|8 x 9: .* not \('):
        CONTRACT['shape'](Floor)


def test_shift_error_knows_a_truly_equivariant_operator():
    class LargestPhase(Downsampler):
        """Polyphase selection by norm, one index per sample: exact by construction (APS)."""

        def reduce(self, x):
            phases = torch.stack([x[..., i::self.stride, j::self.stride]
                                  for i in range(self.stride) for j in range(self.stride)])
            best = phases.flatten(2).norm(dim=2).argmax(0)
            return phases[best, torch.arange(len(x))]

    error = shift_error(LargestPhase(3, 2), torch.randn(2, 3, 12, 12))
    assert error.equivariant < 1e-12
    assert error.pooled < 1e-12


def test_nothing_is_no_small_error():
    class Nothing(Subsampling):
        guarantee = 'equivariant'

        def reduce(self, x):
            return super().reduce(x) * float('nan')

    assert shift_error(Nothing(3), torch.randn(1, 3, 8, 8)).kept() == 'none'
    with pytest.raises(ContractViolation, match="keeps 'none'"):
        CONTRACT['guarantee'](Nothing)


def test_the_suite_finds_a_buffer_that_eval_changes():
    class Counting(Subsampling):

        def __init__(self, channels, stride):
            super().__init__(channels, stride)
            self.register_buffer('calls', torch.zeros(()))

        def reduce(self, x):
            self.calls += 1
            return super().reduce(x)

    with pytest.raises(ContractViolation, match='eval changes a parameter or a buffer'):
        CONTRACT['eval'](Counting)


@pytest.mark.parametrize('cfg', OPERATORS.values(), ids=OPERATORS)
@pytest.mark.parametrize('stride', [2, 3])
def test_a_trace_serves_other_sizes(cfg, stride):
    operator = build_downsampler(cfg, 4, stride).eval()
    traced, x = torch.jit.trace(operator, torch.randn(2, 4, 12, 18), check_trace=False), torch.randn(2, 4, 13, 17)
    torch.testing.assert_close(traced(x), operator(x))


def test_shift_error_of_a_long_way():
    assert shift_error(APS(3), torch.randn(1, 3, 64, 64), [(14, 0), (-9, 33)]).equivariant < 1e-12


def test_the_suite_finds_a_wrong_gradient():

    class Wrong(AvgPool):

        def __init__(self, channels, stride=2):
            super().__init__(channels, stride)
            self.gain = torch.nn.Parameter(torch.ones(()))

        def reduce(self, x):
            return super().reduce(x) * (2 * self.gain.detach() - self.gain)

    with pytest.raises(Exception, match='Jacobian mismatch'):
        CONTRACT['gradients'](Wrong)


def test_the_suite_finds_what_eval_leaves():

    class Keeping(Subsampling):

        def __init__(self, channels, stride=2):
            super().__init__(channels, stride)
            self.last = None

        def reduce(self, x):
            self.last = x
            return super().reduce(x)

    with pytest.raises(ContractViolation, match='leaves something'):
        CONTRACT['eval'](Keeping)


def test_shift_error_refuses_sizes_off_the_grid():
    with pytest.raises(ValueError, match='multiples of the stride 2'):
        shift_error(Subsampling(3, 2), torch.randn(1, 3, 7, 8))
