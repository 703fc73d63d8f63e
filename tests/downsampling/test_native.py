# Copyright (c) mmtips authors. All rights reserved.
"""The operation in C, beside PyTorch's own operations, which test_kernels.py holds against autograd."""
import shutil

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtips.downsampling import TIPS, functional, kernels
from mmtips.downsampling.functional import PADDING_MODES, SCORES, SHIFT_MODES
from mmtips.downsampling.kernels import Options, portable
from mmtips.downsampling.kernels.native import library as room
from mmtips.downsampling.kernels.native import operation as native

needs_library = pytest.mark.skipif(room.library() is None, reason='no compiled library')
PUBLISHED = Options(2, 2, 2, 'quadrant', 'zeros', 'standard')


@pytest.mark.skipif(shutil.which('gcc') is None, reason='no compiler')
def test_it_is_compiled_where_there_is_a_compiler():
    assert room.library() is not None


def results(form, x, options, shift, grad=None):
    """Outputs and gradients of a form for parameters that depend on nothing but the channels."""
    generator = torch.Generator().manual_seed(0)
    full = torch.promote_types(x.dtype, torch.float32)
    scale = (x.shape[1], options.stride**2) if options.scores == 'global' else x.shape[1:2]
    weight, scale = (torch.randn(shape, generator=generator).to(full) for shape in ((x.shape[1], 1, 3, 3), scale))
    outputs = form.adaptive_mix(x, weight, scale, options, shift)
    grads = torch.sin(outputs[0]) if grad is None else grad, torch.cos(outputs[1]), torch.full_like(outputs[2], .7)
    return *outputs, *form.adaptive_mix_backward(*grads, x, weight, scale, outputs[1], options, shift)


def compare(x, options, shift, grad=None, tolerance=1e-11):
    for got, wanted in zip(results(native, x, options, shift, grad), results(portable, x, options, shift, grad),
                           strict=True):
        assert got.dtype == wanted.dtype
        torch.testing.assert_close(got, wanted, rtol=tolerance, atol=tolerance)


@needs_library
@settings(max_examples=40)
@given(st.data())
def test_sizes_shifts_and_layouts(data):
    stride = data.draw(st.integers(2, 4))
    n, c, h, w = (data.draw(st.integers(1, most)) for most in (3, 20, 5, 12))
    x = torch.randn(n, c, h * stride, w * stride, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
    if data.draw(st.booleans()):
        x = x.contiguous(memory_format=torch.channels_last)
    options = Options(stride, data.draw(st.integers(stride, 7)), data.draw(st.sampled_from([1, stride])),
                      data.draw(st.sampled_from(SCORES)),
                      data.draw(st.sampled_from(['zeros', 'circular', 'replicate'])),
                      data.draw(st.sampled_from(SHIFT_MODES)))
    shift = data.draw(st.none() | st.tuples(st.integers(-30, 30), st.integers(-60, 60)).map(torch.tensor))
    compare(x, options, shift)


@needs_library
@pytest.mark.parametrize('channels', [1, 15, 16, 17, 36])
def test_a_last_block_of_fewer_channels(channels):
    """Channels that are neighbours are taken in blocks, one after the other through the same scratch memory."""
    x = torch.randn(2, channels, 6, 10, dtype=torch.float64).contiguous(memory_format=torch.channels_last)
    compare(x, PUBLISHED, torch.tensor([1, 2]))
    compare(x, Options(2, 5, 1, 'global', 'circular', 'circular'), None)


@needs_library
@pytest.mark.parametrize('padding_mode', PADDING_MODES)
def test_maps_that_are_no_block_of_memory(padding_mode):
    """A crop and every other channel of a larger map, and a gradient that is one number everywhere."""
    x = torch.randn(2, 8, 14, 18, dtype=torch.float64)[:, ::2, 1:13, 2:16]
    options = Options(2, 3, 2, 'phase', padding_mode, 'circular')
    compare(x, options, torch.tensor([1, -3]), torch.ones(1, dtype=torch.float64).expand(2, 4, 6, 7))


@needs_library
@pytest.mark.parametrize(('dtype', 'tolerance'), [(torch.float32, 2e-5), (torch.bfloat16, 4e-2)])
def test_other_types(dtype, tolerance):
    """Sums over a map are compared for each pixel; the portable form rounds psi and windows to the map's type."""
    x = torch.randn(2, 5, 8, 12).to(dtype)
    compare(x, PUBLISHED, torch.tensor([1, 2]), tolerance=tolerance)


@needs_library
def test_rounding_to_bfloat16_is_torchs():
    """A quarter of the sum of two pixels in four, which is rounded once."""
    x = torch.zeros(1, 1, 2, 4000, dtype=torch.bfloat16)
    x[..., ::2] = (torch.randn(2, 2000) * 10**torch.linspace(-30, 30, 2000)).bfloat16()
    mixed = native.adaptive_mix(x, torch.zeros(1, 1, 3, 3), torch.zeros(1), PUBLISHED, None)[0]
    assert torch.equal(mixed[0, 0, 0], (x[0, 0, :, ::2].float().sum(0) / 4).bfloat16())


@needs_library
def test_what_is_no_number_stays_none():
    x = torch.randn(1, 2, 8, 8)
    x[0, 0, 3, 3] = torch.nan
    mixed, means, undo = results(native, x, PUBLISHED, torch.tensor([1, 1]))[:3]
    assert mixed[0, 0].isnan().all()
    assert means[0, 0].isnan().any()
    assert undo.isnan()
    assert mixed[0, 1].isfinite().all()
    assert means[0, 1].isfinite().all()


@needs_library
def test_threads_change_nothing():
    x, before = torch.randn(3, 7, 12, 10), torch.get_num_threads()
    try:
        rounds = []
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            rounds.append(results(native, x, PUBLISHED, torch.tensor([1, 2])))
    finally:
        torch.set_num_threads(before)
    for alone, *others in zip(*rounds, strict=True):
        assert all(torch.equal(alone, other) for other in others)


def test_which_maps_it_is_for():
    x = torch.empty(1, 1, 2, 2)
    assert native.knows(x, PUBLISHED) == (room.library() is not None)
    assert not native.knows(x.half(), PUBLISHED)
    assert not native.knows(x.to('meta'), PUBLISHED)
    assert not native.knows(x, PUBLISHED._replace(stride=8, taps=8))


def test_any_stride():
    operator, x = TIPS(2, stride=8).double(), torch.randn(1, 2, 16, 24, dtype=torch.float64)
    torch.testing.assert_close(operator(x), functional.tips(x, operator.score_weight, operator.score_scale, 8))


@needs_library
def test_reflection_needs_pixels():
    with pytest.raises(ValueError, match='needs maps of at least 4 x 4 pixels here'):
        native.adaptive_mix(torch.zeros(1, 1, 2, 4), torch.zeros(1, 1, 3, 3), torch.zeros(1),
                            PUBLISHED._replace(padding_mode='reflect', taps=7), None)


@needs_library
def test_a_library_of_other_sources_is_not_used(monkeypatch):
    loaded = room.library()
    assert room._sources_of(loaded) == room._sources()
    assert room._sources_of(object()) == ''  # one of before there was a hash
    monkeypatch.setattr(room, '_sources', lambda: 'others')
    with pytest.warns(UserWarning, match='compiled from other sources'):
        assert room.library.__wrapped__() is None
    monkeypatch.setattr(room, '_sources', lambda: '')  # a package without sources can only be right
    assert room.library.__wrapped__() is not None


@pytest.mark.parametrize('form', [portable, native])
def test_an_empty_batch(form):
    if form is native and room.library() is None:
        pytest.skip('no compiled library')
    found = results(form, torch.empty(0, 3, 4, 4), PUBLISHED, torch.tensor([1, 1]))
    assert [tuple(of.shape) for of in found] == [(0, 3, 2, 2), (0, 3, 4), (), (0, 3, 4, 4), (3, 1, 3, 3), (3, )]
    assert float(found[2]) == 0
    assert not found[4].any()


@pytest.mark.parametrize(('shape', 'weight', 'scale', 'said'), [
    ((1, 2, 5, 4), (2, 1, 3, 3), 2, 'x: expected sides that are multiples of the stride 2, got 5 x 4'),
    ((1, 2, 4, 4), (1, 1, 3, 3), 2, r'score_weight: expected .2, 1, k, k. for 2 channels, got .1, 1, 3, 3.'),
    ((1, 2, 4, 4), (2, 1, 3, 3), 3, r'score_scale: expected 2 or 8 values for 2 channels and stride 2, got 3'),
])
def test_maps_and_parameters_that_do_not_fit_are_refused(shape, weight, scale, said):
    """The library would read and write where nothing is."""
    with pytest.raises(ValueError, match=said):
        kernels.adaptive_mix(torch.zeros(shape), torch.zeros(weight), torch.zeros(scale), PUBLISHED)


@needs_library
def test_without_memory(monkeypatch):
    class Full:
        def __getattr__(self, name):
            return lambda *args: 1

    monkeypatch.setattr(room, 'library', Full)
    with pytest.raises(MemoryError, match=r'no memory for a few planes of a map of shape \(1, 1, 2, 2\)'):
        native.adaptive_mix(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 3, 3), torch.zeros(1), PUBLISHED, None)
