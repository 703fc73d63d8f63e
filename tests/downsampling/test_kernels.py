# Copyright (c) mmtips authors. All rights reserved.
"""The operations that run, against the plain formulas and their gradients by autograd."""
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from mmtips.downsampling import TIPS, functional, kernels
from mmtips.downsampling.functional import PADDING_MODES, SCORES, SHIFT_MODES
from mmtips.downsampling.kernels import Options, portable
from mmtips.downsampling.kernels.native import operation as native
from mmtips.downsampling.kernels.native.library import library
from tests.downsampling.witness import Witness

FORMATS = dict(contiguous=torch.contiguous_format, channels_last=torch.channels_last)


@pytest.fixture(autouse=True)
def _many_tiles(monkeypatch):
    """Tiles of two channels of one sample at 6 x 8 pixels, so that maps of the tests have several."""
    monkeypatch.setattr(portable, 'TILE', 2 * 6 * 8)


@pytest.fixture(params=['native', 'portable'])
def form(request, monkeypatch):
    """Both forms for CPUs, whichever this machine would choose."""
    if request.param == 'portable':
        monkeypatch.setattr(native, 'knows', lambda *_: False)
    elif library() is None:
        pytest.skip('no compiled library')


def plain(x, weight, scale, options, shift):
    features = functional.tips_features(x, weight, options.padding_mode)
    means = functional.average_regions(features, options.stride, options.scores)
    windows = functional.tips_windows(x, weight, scale, options.stride, options.taps, options.scores,
                                      options.padding_mode)
    mixed = functional.window_mix(x, windows, options.stride, options.step, options.padding_mode)
    undo = x.new_zeros(())
    if shift is not None:
        undo = F.mse_loss(features, functional.shift_map(x.detach(), shift, options.mode))
    return mixed, means, undo


def inputs(shape, options, layout='contiguous', dtype=torch.float64, kernel=3):
    scale = (shape[1], options.stride**2) if options.scores == 'global' else shape[1:2]
    return (torch.randn(shape, dtype=dtype).contiguous(memory_format=FORMATS[layout]),
            torch.randn(shape[1], 1, kernel, kernel, dtype=dtype), torch.randn(scale, dtype=dtype))


def compare(tensors, options, shift):
    """Outputs and gradients of the operation and of the plain formulas."""
    results = []
    for function in (kernels.adaptive_mix, plain):
        leaves = [tensor.detach().clone(memory_format=torch.preserve_format).requires_grad_() for tensor in tensors]
        outputs = function(*leaves, options, shift)
        generator = torch.Generator().manual_seed(1)
        loss = sum((output * torch.randn(output.shape, generator=generator, dtype=output.dtype)).sum()
                   for output in outputs)
        results.append([*outputs, *torch.autograd.grad(loss, leaves)])
    for got, wanted in zip(*results, strict=True):
        assert got.dtype == wanted.dtype
        torch.testing.assert_close(got, wanted, rtol=1e-11, atol=1e-11)


@pytest.mark.usefixtures('form')
@pytest.mark.parametrize('layout', FORMATS)
@pytest.mark.parametrize('padding_mode', PADDING_MODES)
@pytest.mark.parametrize('scores', SCORES)
@pytest.mark.parametrize(('stride', 'taps', 'step'), [(2, 2, 2), (2, 3, 2), (2, 5, 2), (2, 2, 1), (2, 4, 1), (3, 3, 3),
                                                      (3, 4, 1), (4, 6, 4)])
def test_the_operation_is_its_formulas(stride, taps, step, scores, padding_mode, layout):
    for shift, mode in ((None, 'standard'), (torch.tensor([1, -2]), 'standard'), (torch.tensor([-1, 0]), 'circular')):
        options = Options(stride, taps, step, scores, padding_mode, mode)
        compare(inputs((3, 5, 2 * stride, 3 * stride), options, layout), options, shift)


@pytest.mark.parametrize('padding_mode', PADDING_MODES)
@pytest.mark.parametrize('kernel', [1, 5, 7])
def test_other_kernels_of_the_scorer(kernel, padding_mode):
    options = Options(2, 4, 2, 'phase', padding_mode, 'standard')
    for shift in (None, torch.tensor([1, -2])):
        compare(inputs((2, 3, 6, 8), options, kernel=kernel), options, shift)
    operator = TIPS(3, score_kernel=kernel, padding_mode=padding_mode)
    assert operator.score_weight.shape == (3, 1, kernel, kernel)
    assert 0.5 / kernel < operator.score_weight.abs().max() <= 1 / kernel or kernel == 1
    assert operator(torch.randn(2, 3, 7, 9)).shape == (2, 3, 4, 5)


@pytest.mark.usefixtures('form')
def test_the_layout_stays():
    x = torch.randn(2, 5, 6, 8).contiguous(memory_format=torch.channels_last)
    assert TIPS(5)(x).is_contiguous(memory_format=torch.channels_last)
    assert TIPS(5)(x.contiguous()).is_contiguous()


@pytest.mark.usefixtures('form')
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_in_lower_precision(dtype):
    """Weights and losses are float32 whatever the map is; what is left is the rounding of the map's own type."""
    tolerance = 1e-5 if dtype == torch.float32 else 3e-2
    options, shift = Options(2, 2, 2, 'quadrant', 'zeros', 'standard'), torch.tensor([1, 2])
    tensors = inputs((2, 4, 8, 8), options)
    outputs = kernels.adaptive_mix(*(tensor.to(dtype) for tensor in tensors), options, shift)
    assert [output.dtype for output in outputs] == [dtype, torch.float32, torch.float32]
    for got, wanted in zip(outputs, plain(*tensors, options, shift), strict=True):
        torch.testing.assert_close(got.double(), wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.usefixtures('form')
def test_autocast_computes_in_its_type():
    operator, x = TIPS(4), torch.randn(2, 4, 8, 8)
    wanted = operator(x)
    with torch.autocast('cpu', torch.bfloat16):
        mixed = operator(x)
    assert mixed.dtype == torch.bfloat16
    torch.testing.assert_close(mixed.float(), wanted, rtol=3e-2, atol=3e-2)
    mixed.sum().backward()
    assert operator.score_weight.grad.dtype == torch.float32


@pytest.mark.usefixtures('form')
@pytest.mark.parametrize('shift', [None, torch.tensor([1, -1])])
def test_pytorch_accepts_the_operation(shift):
    """Shapes in a trace, no aliases, a gradient that is registered: by PyTorch's own check."""
    options = Options(2, 2, 2, 'quadrant', 'zeros', 'standard')
    tensors = [tensor.float().requires_grad_() for tensor in inputs((2, 3, 4, 6), options)]
    torch.library.opcheck(torch.ops.mmtips.adaptive_mix.default, (*tensors, shift, *options))


@pytest.mark.parametrize('mode', SHIFT_MODES)
def test_gradients_of_the_whole_layer_and_its_losses(mode):
    operator, x = TIPS(3).double().train(), torch.randn(2, 3, 6, 8).double().requires_grad_()

    def layer(x, *_):
        operator.observer = observer = Witness(torch.tensor([1, -2]), mode)
        mixed = operator(x)
        (weights, undo), = observer.seen
        return mixed, undo, torch.linalg.vector_norm(weights, dim=-1)

    # The shifted target has no gradient: what autograd would find by differences has one through it.
    target = functional.shift_map(x.detach(), torch.tensor([1, -2]), mode)
    features = functional.tips_features(x, operator.score_weight)
    wanted, = torch.autograd.grad(F.mse_loss(features, target), x)
    torch.testing.assert_close(torch.autograd.grad(layer(x)[1], x)[0], wanted)
    # By differences: the weights, which the target does not depend on, and the mix and the other loss by everything.
    assert torch.autograd.gradcheck(lambda *parameters: layer(x.detach())[1], tuple(operator.parameters()))
    assert torch.autograd.gradcheck(lambda *inputs: layer(inputs[0])[::2], (x, *operator.parameters()))


@pytest.mark.usefixtures('form')
def test_training_keeps_the_input_and_weights_alone():
    operator, x = TIPS(4).train(), torch.randn(2, 4, 32, 32).relu()
    operator.observer = Witness(torch.tensor([2, 3]))
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        mixed = operator(x.requires_grad_())
    assert mixed.requires_grad
    assert x.untyped_storage().data_ptr() in kept
    # Nothing else is of a map's size: nine weights and a few numbers for each sample and channel.
    assert sum(tensor.numel() for tensor in kept.values()) - x.numel() < 40 * 2 * 4


@given(rows=st.integers(-9, 9), columns=st.integers(-9, 9), mode=st.sampled_from(SHIFT_MODES))
def test_shifted_parts_are_the_shifted_map(rows, columns, mode):
    x = torch.arange(1., 1 + 5 * 7).reshape(1, 1, 5, 7)
    shifted = torch.full_like(x, -1)
    for there, here in functional.shifted_parts((rows, columns), (5, 7), mode):
        assert (shifted[there] == -1).all()
        shifted[there] = x[here] if here else 0
    assert torch.equal(shifted, functional.shift_map(x, torch.tensor([rows, columns]), mode))


@pytest.mark.parametrize('padding_mode', PADDING_MODES)
@given(before=st.integers(0, 3), after=st.integers(0, 3))
def test_folding_a_border_is_the_adjoint_of_padding_it(padding_mode, before, after):
    x = torch.randn(2, 3, 5, 4).double().requires_grad_()
    padded = functional.pad_border(x, before, after, padding_mode)
    grad = torch.randn_like(padded)
    wanted, = torch.autograd.grad(padded, x, grad)
    torch.testing.assert_close(functional.fold_border(grad, before, after, padding_mode), wanted)


@pytest.mark.parametrize('layout', FORMATS)
@pytest.mark.parametrize('scores', SCORES)
def test_spreading_is_the_adjoint_of_averaging(scores, layout):
    x = torch.randn(2, 3, 6, 9).double().contiguous(memory_format=FORMATS[layout]).requires_grad_()
    means = functional.average_regions(x, 3, scores)
    grad = torch.randn_like(means)
    wanted, = torch.autograd.grad(means, x, grad)
    torch.testing.assert_close(functional.spread_over_regions(grad, x.detach(), 3, scores), wanted)


@pytest.mark.parametrize(('taps', 'stride'), [(2, 2), (3, 2), (7, 2), (5, 3)])
def test_gathering_is_the_adjoint_of_spreading(taps, stride):
    weights = torch.randn(2, 3, stride**2).double().requires_grad_()
    windows = functional.spread_over_taps(weights, taps, stride)
    grad = torch.randn_like(windows)
    wanted, = torch.autograd.grad(windows, weights, grad)
    torch.testing.assert_close(functional.gather_from_taps(grad, taps, stride), wanted)
