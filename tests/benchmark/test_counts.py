# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
from torch import nn

from mmtips.benchmark.candidates import Candidate, core, layer, network
from mmtips.benchmark.counts import macs, minimal_bytes, passes, saved_bytes
from mmtips.benchmark.memory import peak_bytes
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.tasks import ALPHA, Task, total_loss, with_losses
from mmtips.downsampling import TIPS, BlurPool, build_downsampler
from mmtips.losses.functional import feature_mixing_loss


class Buffered(nn.Module):
    """Needs 64 MB while it runs, and gives back one value."""

    def forward(self, x):
        return torch.ones(16_000_000).sum() + x.sum()[None]


def test_kept_bytes_by_hand():
    x = torch.randn(2, 4, 8, 8)
    assert saved_bytes(Task(nn.Identity()), x) == 0
    # The output of the ReLU, which the second layer's input is too, counts once; input and weights do not.
    net = nn.Sequential(nn.Conv2d(4, 3, 1), nn.ReLU(), nn.Conv2d(3, 5, 1))
    assert saved_bytes(Task(net), x) == 2 * 3 * 8 * 8 * 4


def test_multiply_adds_by_hand():
    assert macs(nn.Conv2d(4, 3, 3, stride=2, padding=1), torch.randn(2, 4, 8, 8)) == 16 * 3 * 4 * 9
    assert macs(BlurPool(4), torch.randn(2, 4, 8, 8)) == 16 * 4 * 9


def test_minimal_bytes_by_hand():
    x = torch.randn(2, 4, 8, 8)  # 512 values, and 128 of the output
    assert minimal_bytes(TIPS(4), x) == 4 * (2 * 512 + 128 + 4 * 9 + 4)
    assert minimal_bytes(BlurPool(4), x) == 4 * (512 + 128 + 9)
    assert minimal_bytes(nn.Conv2d(4, 8, 3, 2, 1, bias=False), x) == 4 * (512 + 256 + 8 * 4 * 9)
    half = TIPS(4).half()
    assert minimal_bytes(half, x.half()) == 2 * (2 * 512 + 128 + 4 * 10)
    assert minimal_bytes(nn.ReLU(), x) is None


@pytest.mark.parametrize(('cfg', 'expected'), [
    (dict(type='TIPS'), 2), (dict(type='TIPS', anchor='norm'), 3), (dict(type='APS'), 1.25),
    (dict(type='APS', antialias=3), 2), (dict(type='LPS'), 1.25), (dict(type='DDAC'), 1), (dict(type='MaxPool'), 1)])
def test_passes(cfg, expected):
    assert passes(build_downsampler(cfg, 8)) == expected


def test_losses_are_added_as_in_a_training():
    x = torch.randn(2, 4, 8, 8)
    operator = TIPS(4)
    alone, task = Task(operator)(x)['loss'], with_losses(Task(operator))
    losses = task.train()(x)
    assert set(losses) == {'loss_task', 'loss_tips_fm', 'loss_tips_undo'}
    torch.testing.assert_close(losses['loss_task'], (1 - ALPHA) * alone)
    weights = operator.mixing_weights(x) if not operator.training else operator.eval().mixing_weights(x)
    torch.testing.assert_close(losses['loss_tips_fm'], feature_mixing_loss(weights.flatten(2)))
    assert total_loss(losses) == losses['loss_task'] + losses['loss_tips_fm'] + losses['loss_tips_undo']


def test_the_peak_of_a_fresh_process():
    peaks = peak_bytes(Candidate(None, Buffered), (1, 1, 2, 2), Setting())
    assert 60e6 < peaks['forward'] < 120e6
    compiled = peak_bytes(Candidate(None, Buffered), (1, 1, 2, 2), Setting(mode='compiled'))
    assert compiled == dict(forward=None, step=None)


@pytest.mark.parametrize(('dtype', 'layout'), [('bfloat16', 'contiguous'), ('float32', 'channels_last')])
def test_how_the_input_was_drawn_is_no_part_of_the_peak(dtype, layout):
    peaks = peak_bytes(Candidate(None, nn.Identity), (8, 64, 128, 128), Setting(dtype=dtype, layout=layout))
    assert peaks['forward'] < 10e6  # it was drawn as 34 MB of float32


def test_a_process_that_dies_is_named():
    with pytest.raises(RuntimeError, match='peak memory of None ended without an answer'):
        peak_bytes(Candidate(None, Broken), (1, 1, 2, 2), Setting())


class Broken(nn.Module):
    """Cannot run."""

    def forward(self, x):
        raise SystemExit(1)


def test_settings():
    assert Setting().name == 'cpu-float32-t1'
    assert Setting('cuda', 'bfloat16-autocast', 'channels_last', 'compiled').name == (
        'cuda-bfloat16-autocast-channels_last-compiled')
    assert Setting(dtype='float16-autocast').said == 'float32 with autocast to float16, contiguous, eager'
    x = Setting(dtype='bfloat16', layout='channels_last').draw((1, 4, 6, 6))
    assert x.dtype == torch.bfloat16
    assert x.is_contiguous(memory_format=torch.channels_last)
    with Setting(dtype='bfloat16-autocast').autocast():
        assert nn.Conv2d(4, 4, 1)(Setting(dtype='bfloat16-autocast').draw((1, 4, 6, 6))).dtype == torch.bfloat16
    for options, message in ((dict(dtype='int8'), "dtype: expected one of .*, got 'int8'"),
                             (dict(threads=0), 'threads: expected an integer >= 1, got 0')):
        with pytest.raises(ValueError, match=message):
            Setting(**options)


def test_candidates_can_be_sent_to_a_process():
    import pickle
    rows = core(8) | {'x': layer(dict(type='APS'), 8)} | network(nn.Identity)
    assert pickle.loads(pickle.dumps(rows)).keys() == rows.keys()
