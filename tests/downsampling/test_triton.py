# Copyright (c) mmtips authors. All rights reserved.
"""The Triton kernels, run by Triton's interpreter on the CPU, and compiled for a GPU that need not be there.

As a program this file compiles every kernel; :func:`test_kernels_compile_for_a_gpu` runs it as one.
"""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtips.downsampling import functional
from mmtips.downsampling.kernels import Options, portable
from mmtips.losses.functional import shift_map

ROOM = 'mmtips.downsampling.kernels.triton'
MODULES = ('tiles', 'rows', 'scores', 'gradients', 'mix', 'plans', 'launches', 'operation')
KERNELS = dict(scores=['sum_features'], gradients=['feature_gradient', 'input_gradient'],
               mix=['mix', 'window_gradient', 'mix_gradient'])


@pytest.fixture(scope='module')
def room():
    """The modules of the kernels, decorated for the interpreter; the process keeps none of it."""
    triton = pytest.importorskip('triton')
    from triton.runtime import interpreter
    package = importlib.import_module(ROOM)
    with pytest.MonkeyPatch.context() as patch:
        with mock.patch.dict(sys.modules), mock.patch.dict(vars(package)), triton.knobs.runtime.scope():
            triton.knobs.runtime.interpret = True
            for name in MODULES:
                sys.modules.pop(f'{ROOM}.{name}', None)
            loaded = {name: importlib.import_module(f'{ROOM}.{name}') for name in MODULES}
            # Triton's own functions were decorated when it was imported: the one that is used is once more.
            if isinstance(triton.language.sum, triton.JITFunction):
                patch.setattr(triton.language, 'sum', triton.jit(triton.language.sum.fn))
            loaded['probe'] = triton.jit(probe)
        # The language is exchanged for a launch; the interpreter does it for each call within one again, which is slow.
        patch.setattr(interpreter.InterpretedFunction, '__call__',
                      lambda self, *args, **kwargs: self.rewrite()(*args, **kwargs))
        # What the kernels of a module see are its own globals.
        patch.setitem(globals(), 'tl', triton.language)
        patch.setitem(globals(), 'tiles', loaded['tiles'])
        yield SimpleNamespace(**loaded)


def probe(out, sample, chan, channels, height, width):
    """A kernel: where planes of either format begin, and a column of a channels_last one."""
    sample = sample.to(tl.int64)  # noqa: F821
    tl.store(out, tiles.plane_offset(sample, chan, channels, height, width, False))  # noqa: F821
    tl.store(out + 1, tiles.plane_offset(sample, chan, channels, height, width, True))  # noqa: F821
    tl.store(out + 2, tiles.col_offset(chan, channels, True))  # noqa: F821


def as_stored(x, layout):
    if layout == 'channels_last':
        return x.contiguous(memory_format=torch.channels_last)
    return x.repeat_interleave(2, 1)[:, ::2] if layout == 'sliced' else x


def naive_means(x, weight, stride, scores, padding_mode, shift, mode):
    psi = functional.tips_features(x, weight, padding_mode)
    h, w = psi.shape[-2] // stride, psi.shape[-1] // stride
    cells = [(i, j) for i in range(stride) for j in range(stride)]
    parts = dict(quadrant=[psi[..., i * h:(i + 1) * h, j * w:(j + 1) * w] for i, j in cells],
                 phase=[psi[..., i::stride, j::stride] for i, j in cells], **{'global': [psi]})[scores]
    means = torch.stack([part.mean((-2, -1)) for part in parts], -1)
    if shift is None:
        return means, 0 * psi.sum()
    return means, (psi - shift_map(x.detach(), shift, mode)).square().mean()


def close(actual, expected, dtype, rounded=None):
    """Equal up to the dtype computed in, and rounded to the dtype stored in."""
    assert actual.dtype == (rounded or dtype)
    assert actual.shape == expected.shape
    tolerance = max(1e-10 if dtype == torch.float64 else 1e-5, torch.finfo(rounded or dtype).eps if rounded else 0)
    torch.testing.assert_close(actual.to(dtype), expected.to(dtype), rtol=tolerance, atol=tolerance)


def check_scores(kernels, x, weight, *options):
    """All that the kernels of the scores give, against autograd through the plain form."""
    full = torch.promote_types(x.dtype, torch.float32)
    plain, plain_weight = x.to(full).requires_grad_(), weight.to(full).requires_grad_()
    means, undo = naive_means(plain, plain_weight, *options)
    grads = torch.randn_like(means), torch.randn((), dtype=full)
    dx, dweight = torch.autograd.grad((means, undo), (plain, plain_weight), grads)
    ours = kernels.region_means(x, weight, *options)
    close(ours[0], means.detach(), full)
    close(ours[1], undo.detach(), full)
    ours = kernels.region_means_backward(*grads, x, weight, *options)
    close(ours[0], dx, full, x.dtype)
    close(ours[1], dweight, full, weight.dtype)
    return ours[0]


def check_mix(kernels, x, windows, *options):
    """The mix and its gradients, against autograd through the plain form."""
    full = torch.promote_types(x.dtype, torch.float32)
    plain, plain_windows = x.to(full).requires_grad_(), windows.to(full).requires_grad_()
    out = functional.window_mix(plain, plain_windows, *options)
    grad = torch.randn_like(out).to(x.dtype)
    dx, dwindows = torch.autograd.grad(out, (plain, plain_windows), grad.to(full))
    ours = kernels.window_mix(x, windows, *options)
    close(ours, out.detach(), full, x.dtype)
    gradients = kernels.window_mix_backward(grad, x, windows, *options)
    close(gradients[0], dx, full, x.dtype)
    close(gradients[1], dwindows, full, windows.dtype)
    return ours, gradients[0]


@pytest.mark.parametrize(('stride', 'scores', 'padding_mode', 'mode', 'dtype', 'layout'), [
    (2, 'quadrant', 'zeros', None, torch.float32, 'contiguous'),
    (2, 'quadrant', 'zeros', 'standard', torch.float64, 'contiguous'),
    (2, 'phase', 'circular', 'circular', torch.bfloat16, 'channels_last'),
    (3, 'quadrant', 'reflect', 'standard', torch.float64, 'channels_last'),
    (3, 'phase', 'replicate', 'standard', torch.float32, 'sliced'),
    (3, 'global', 'circular', None, torch.float64, 'contiguous'),
    (4, 'quadrant', 'circular', 'circular', torch.float64, 'channels_last'),
    (4, 'phase', 'reflect', None, torch.float64, 'contiguous'),
    (4, 'global', 'replicate', 'circular', torch.float16, 'contiguous'),
    (2, 'global', 'zeros', 'circular', torch.float64, 'channels_last'),
    (2, 'phase', 'replicate', 'standard', torch.float64, 'contiguous'),
    (2, 'quadrant', 'reflect', 'circular', torch.float32, 'contiguous'),
])
def test_scores(room, stride, scores, padding_mode, mode, dtype, layout):
    x = as_stored(torch.randn(2, 3, 2 * stride, 4 * stride, dtype=torch.float64).to(dtype), layout)
    weight = torch.randn(3, 1, 3, 3, dtype=torch.promote_types(dtype, torch.float32))
    shift = None if mode is None else torch.tensor([1, -3])
    dx = check_scores(room.launches, x, weight, stride, scores, padding_mode, shift, mode or 'standard')
    assert layout == 'sliced' or dx.stride() == x.stride()


@pytest.mark.parametrize(('cell', 'stride', 'taps', 'padding_mode', 'dtype', 'layout'), [
    (2, 2, 2, 'zeros', torch.float32, 'contiguous'),
    (2, 2, 2, 'circular', torch.float16, 'channels_last'),
    (2, 2, 3, 'circular', torch.float64, 'channels_last'),
    (2, 2, 4, 'reflect', torch.float64, 'contiguous'),
    (2, 1, 3, 'replicate', torch.float64, 'sliced'),
    (2, 2, 7, 'zeros', torch.float64, 'contiguous'),
    (3, 3, 3, 'zeros', torch.bfloat16, 'contiguous'),
    (3, 1, 3, 'reflect', torch.float32, 'channels_last'),
    (3, 3, 5, 'circular', torch.float64, 'contiguous'),
    (4, 4, 5, 'zeros', torch.float64, 'channels_last'),
    (4, 1, 4, 'circular', torch.float64, 'contiguous'),
])
def test_mix(room, cell, stride, taps, padding_mode, dtype, layout):
    x = as_stored(torch.randn(1, 3, 2 * cell, 3 * cell, dtype=torch.float64).to(dtype), layout)
    windows = torch.randn(1, 3, taps, taps, dtype=torch.promote_types(dtype, torch.float32))
    out, dx = check_mix(room.launches, x, windows, cell, stride, padding_mode)
    if layout != 'sliced':
        assert dx.stride() == x.stride()
        assert out.is_contiguous(memory_format=torch.channels_last) == (layout == 'channels_last')


@pytest.mark.parametrize(('stride', 'taps', 'step', 'scores', 'shift'), [
    (2, 2, 2, 'quadrant', torch.tensor([1, -1])),
    (2, 3, 1, 'global', None),
])
def test_the_operation_equals_the_portable_one(room, stride, taps, step, scores, shift):
    options = Options(stride, taps, step, scores, 'circular', 'standard')
    x, weight = torch.randn(2, 3, 4, 6).double(), torch.randn(3, 1, 3, 3).double()
    scale = torch.randn((3, stride**2) if scores == 'global' else 3).double()
    runs = []
    for form in (room.operation, portable):
        outputs = form.adaptive_mix(x, weight, scale, options, shift)
        grads = form.adaptive_mix_backward(*map(torch.sin, outputs), x, weight, scale, outputs[1], options, shift)
        runs.append((*outputs, *grads))
    for got, wanted in zip(*runs, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-10)


def test_gradients_have_the_layout_that_tracing_promises(room):
    """A crop of a channels_last map, which is in neither layout: a compiler takes its strides at their word."""
    x = torch.randn(2, 3, 5, 7).contiguous(memory_format=torch.channels_last)[:, :, 1:, 1:]
    weight, scale, options = torch.randn(3, 1, 3, 3), torch.randn(3), Options(2, 3, 2, 'phase', 'circular', 'standard')
    outputs = room.operation.adaptive_mix(x, weight, scale, options, None)
    found = room.operation.adaptive_mix_backward(*outputs, x, weight, scale, outputs[1], options, None)
    assert [of.stride() for of in found] == [torch.empty_like(of).stride() for of in (x, weight, scale)]


def test_where_triton_has_no_driver_pytorch_computes(monkeypatch):
    pytest.importorskip('triton')
    from mmtips.downsampling.kernels import ops
    from mmtips.downsampling.kernels.triton import operation

    def fails():
        raise RuntimeError('Failed to find C compiler')

    monkeypatch.setattr(operation, 'require_driver', fails)
    with pytest.warns(UserWarning, match='Triton cannot be used, .* slower: Failed to find C compiler'):
        assert ops._triton.__wrapped__() is None


@settings(max_examples=3)
@given(st.data())
def test_any_shape(room, data):
    draw = data.draw
    stride, shape = draw(st.integers(2, 3)), draw(st.tuples(*[st.integers(1, 3)] * 4))
    x = as_stored(torch.randn(*shape[:2], stride * shape[2], stride * shape[3], dtype=torch.float64),
                  draw(st.sampled_from(['contiguous', 'channels_last'])))
    mode = draw(st.sampled_from(['standard', 'circular']))
    padding_mode = draw(st.sampled_from(functional.PADDING_MODES))
    shift = torch.tensor(draw(st.tuples(st.integers(-9, 9), st.integers(-9, 9))))
    weight = torch.randn(shape[1], 1, 3, 3, dtype=torch.float64)
    check_scores(room.launches, x, weight, stride, draw(st.sampled_from(functional.SCORES)), padding_mode, shift, mode)
    taps = draw(st.integers(stride, stride + 1))
    windows = torch.randn(*shape[:2], taps, taps, dtype=torch.float64)
    check_mix(room.launches, x, windows, stride, draw(st.sampled_from([1, stride])), padding_mode)


@pytest.mark.parametrize('layout', ['contiguous', 'channels_last'])
def test_many_tiles(room, monkeypatch, layout):
    """Maps of several blocks in every direction, with a last one that is cut off."""
    for name, value in dict(PER_THREAD=1, MOST_THREADS=8, MOST_COLUMNS=4, LINE_BYTES=16).items():
        monkeypatch.setattr(room.tiles, name, value)
    monkeypatch.setattr(room.plans, 'MOST_ROWS', 4)
    x = as_stored(torch.randn(1, 3, 6, 6, dtype=torch.float64), layout)
    cut = room.tiles.cut_map(x.shape, 8, 3, 1, layout == 'channels_last')
    assert cut.programs >= 2 * 2 * 2
    weight = torch.randn(3, 1, 3, 3, dtype=torch.float64)
    scores, padding_mode = ('phase', 'reflect') if layout == 'contiguous' else ('quadrant', 'replicate')
    check_scores(room.launches, x, weight, 2, scores, padding_mode, torch.tensor([-2, 1]), 'circular')
    check_mix(room.launches, x, torch.randn(1, 3, 3, 3, dtype=torch.float64), 2, 2, padding_mode)


def test_by_hand(room):
    """A filter that is one tap: psi is the map itself, moved by a pixel."""
    x = torch.arange(1., 17).reshape(1, 1, 4, 4)
    weight = torch.zeros(1, 1, 3, 3)
    weight[..., 1, 0] = 1  # psi[i, j] = x[i, j - 1], with 0 at the border
    means, undo = room.launches.region_means(x, weight, 2, 'quadrant', 'zeros', torch.tensor([0, 1]), 'standard')
    sums = [0 + 1 + 0 + 5, 2 + 3 + 6 + 7, 0 + 9 + 0 + 13, 10 + 11 + 14 + 15]
    assert means.tolist() == [[[total / 4 for total in sums]]]
    assert undo.item() == 0
    undo = room.launches.region_means(x, weight, 2, 'quadrant', 'circular', torch.tensor([0, 1]), 'standard')[1]
    assert undo.item() == (4**2 + 8**2 + 12**2 + 16**2) / 16


def test_what_is_not_a_number_stays_visible(room):
    x = torch.randn(1, 2, 4, 4)
    x[0, 1, 3, 3] = torch.nan
    means = room.launches.region_means(x, torch.ones(2, 1, 3, 3), 2, 'quadrant', 'zeros', None, '')[0]
    assert means.isnan().tolist() == [[[False] * 4, [False, False, False, True]]]


def test_offsets_of_more_than_32_bits(room):
    out = torch.zeros(3, dtype=torch.int64)
    room.probe[(1,)](out, 3, 70_000, 80_000, 3_000, 2_000)
    assert out.tolist() == [310_000 * 6_000_000, 240_000 * 6_000_000 + 70_000, 70_000 * 80_000]


def test_cuts_by_hand(room):
    """The published operator's first place in a ResNet: 28 rows of a quadrant are four strips of seven."""
    shape = torch.Size((8, 64, 56, 56))
    assert room.tiles.cut_map(shape, 4, 7, 2, False) == (8, 7, 64, 8, 1, 8 * 8 * 8, 4)
    assert room.tiles.cut_map(shape, 4, 7, 2, True) == (8, 7, 16, 32, 4, 8 * 8 * 4 * 2, 4)
    assert room.plans.even_rows(28) == 7
    assert room.plans.even_rows(10, 3) == 6


@given(st.tuples(*[st.integers(1, 300)] * 4), st.sampled_from([2, 4, 8]), st.booleans())
def test_cuts_cover_the_map(room, shape, item, last):
    rows = room.plans.even_rows(shape[2])
    cut = room.tiles.cut_map(torch.Size(shape), item, rows, 1, last)
    assert (cut.strips - 1) * rows < shape[2] <= cut.strips * rows
    assert (cut.column_blocks - 1) * cut.columns < shape[3] <= cut.column_blocks * cut.columns
    assert cut.columns & (cut.columns - 1) == cut.channels & (cut.channels - 1) == cut.warps & (cut.warps - 1) == 0
    assert cut.columns * cut.channels <= 4 * 32 * cut.warps
    assert cut.programs == shape[0] * cut.strips * cut.column_blocks * -(-shape[1] // cut.channels)


def test_errors(room):
    x, weight, windows = torch.randn(1, 1, 4, 4), torch.randn(1, 1, 3, 3), torch.randn(1, 1, 7, 7)
    with pytest.raises(ValueError, match="scores: expected one of .* got 'mean'"):
        room.launches.region_means(x, weight, 2, 'mean', 'zeros', None, '')
    with pytest.raises(ValueError, match='stride: expected 2 to 4 and sides that are multiples of it, got 3'):
        room.launches.region_means(x, weight, 3, 'phase', 'zeros', None, '')
    with pytest.raises(ValueError, match="mode: expected one of .* got 'wrap'"):
        room.launches.region_means(x, weight, 2, 'phase', 'zeros', torch.tensor([0, 0]), 'wrap')
    with pytest.raises(ValueError, match="'reflect' needs maps of at least 4 x 4 pixels here, got .2, 2."):
        room.launches.window_mix(x[..., :2, :2], windows, 2, 2, 'reflect')
    with pytest.raises(ValueError, match='multiples of the stride 2'):
        room.launches.window_mix(x[..., :3], windows, 2, 2, 'zeros')


def test_kernels_compile_for_a_gpu(tmp_path):
    """The compiler refuses what the interpreter lets pass; a process of its own, because it may not return."""
    pytest.importorskip('triton')
    env = dict(os.environ, TRITON_CACHE_DIR=str(tmp_path), PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run([sys.executable, Path(__file__)], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(2 * sum(KERNELS.values(), []))


def compile_kernels():
    """Compile each kernel as two launches of it would, for compute capability 9.0, and say its name."""
    launches = []
    for module, names in KERNELS.items():
        for name in names:
            kernel = getattr(importlib.import_module(f'{ROOM}.{module}'), name)
            kernel.run = lambda *args, kernel=kernel, grid, warmup, **options: launches.append((kernel, args, options))
    kernels = importlib.import_module(f'{ROOM}.launches')
    x, weight, windows = torch.zeros(1, 2, 4, 4).half(), torch.zeros(2, 1, 3, 3), torch.zeros(1, 2, 3, 3)
    options = x, weight, 2, 'phase', 'reflect', torch.tensor([1, 1]), 'circular'
    kernels.region_means_backward(*kernels.region_means(*options), *options)
    kernels.window_mix_backward(kernels.window_mix(x, windows, 2, 2, 'reflect'), x, windows, 2, 2, 'reflect')
    x, windows = (torch.zeros(1, 2, 6, 6).contiguous(memory_format=torch.channels_last), torch.zeros(1, 2, 7, 7))
    options = x, weight, 3, 'quadrant', 'zeros', None, ''
    kernels.region_means_backward(*kernels.region_means(*options), *options)
    kernels.window_mix_backward(kernels.window_mix(x, windows, 3, 1, 'replicate'), x, windows, 3, 1, 'replicate')
    for kernel, args, options in launches:
        compile_launch(kernel, args, options)
        print(kernel.fn.__name__)


def compile_launch(kernel, args, options):
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource, compile
    words = {torch.float16: '*fp16', torch.float32: '*fp32', torch.int64: '*i64'}
    given = dict(zip(kernel.arg_names, args, strict=False), **options)
    warps = given.pop('num_warps')
    fixed = {p.name: given[p.name] for p in kernel.params
             if p.is_constexpr or isinstance(given[p.name], int) and given[p.name] == 1}
    signature = {name: words[value.dtype] if torch.is_tensor(value) else 'i32' for name, value in given.items()}
    signature = {name: 'constexpr' if name in fixed else signature[name] for name in kernel.arg_names}
    compiled = compile(ASTSource(kernel, signature, fixed), target=GPUTarget('cuda', 90, 32),
                       options=dict(num_warps=warps))
    assert compiled.asm['cubin']


if __name__ == '__main__':
    compile_kernels()
