# Copyright (c) mmtips authors. All rights reserved.
import time
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmtips.downsampling import TIPS, build_downsampler
from mmtips.downsampling.functional import tips_features, tips_phase_weights
from mmtips.evidence.hooks import PhaseWeightsHook, TrainingRecordHook
from mmtips.losses import LossRecorder


def runner(model, iteration=0):
    return SimpleNamespace(model=model, iter=iteration)


def train(hook, model, inputs, iterations=None):
    """What a runner calls; returns the runner."""
    run = runner(model)
    hook.before_train(run)
    for run.iter, x in enumerate(inputs[:iterations]):
        model(x)
        hook.after_train_iter(run, run.iter)
    return run


def expected(operator, x):
    """The mean largest weight, a second time and by hand."""
    tau = tips_phase_weights(tips_features(x, operator.score_weight), operator.score_scale, 2, 'quadrant')
    return [float(weights.max()) for sample in tau.detach() for weights in sample]


@pytest.mark.parametrize('losses', [False, True])
def test_weights_of_tips_with_and_without_its_losses(losses):
    model = nn.Sequential(build_downsampler(dict(type='TIPS'), 3), build_downsampler(dict(type='AvgPool'), 3))
    recorder = LossRecorder('released', 'standard', 0.25) if losses else None
    model[0].observer = recorder
    hook, inputs = PhaseWeightsHook(2), [torch.randn(n, 3, 8, 8) for n in (2, 5, 1)]
    run = train(hook, model, inputs)
    first = expected(model[0], inputs[0]) + expected(model[0], inputs[1])
    assert list(hook.curves) == ['0']
    (iteration, value), = hook.curves['0']  # the third iteration is not yet half of an interval
    assert (iteration, value) == (2, pytest.approx(sum(first) / len(first), abs=1e-6))  # a mean over all, not of means
    if losses:
        assert len(recorder.mixing) == 3  # the losses see what they saw before
    hook.after_train(run)
    assert model[0].observer is recorder


def test_weights_of_a_learned_choice():
    operator = build_downsampler(dict(type='LPS', mixing='train_convex'), 4)
    model, hook, x = nn.Sequential(operator), PhaseWeightsHook(1), torch.randn(3, 4, 8, 8)
    run = train(hook, model, [x])
    with torch.no_grad():
        mean = float(operator.chooser(x, 2).max(-1).values.mean())
    assert hook.curves == {'0': [(1, pytest.approx(mean, abs=1e-6))]}
    hook.after_train(run)
    assert operator.listeners == []


@pytest.mark.parametrize('kind', ['APS', 'BlurPool', 'DDAC', 'MaxPool'])
def test_operators_without_adaptive_weights_are_not_listed(kind):
    hook = PhaseWeightsHook(1)
    train(hook, nn.Sequential(build_downsampler(dict(type=kind), 8)), [torch.randn(2, 8, 8, 8)])
    assert hook.curves == {}


def test_weights_start_near_equal():
    hook = PhaseWeightsHook(1)
    train(hook, nn.Sequential(TIPS(3)), [torch.zeros(2, 3, 8, 8)])
    assert hook.curves['0'] == [(1, pytest.approx(0.25))]


def test_seconds_leave_validation_out():
    def work(seconds):
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass

    hook, run = TrainingRecordHook(), runner(None)
    hook.before_train(run)
    work(0.05)
    hook.before_val(run)
    work(0.2)
    hook.after_val(run)
    work(0.05)
    hook.after_train(run)
    assert 0.1 <= hook.seconds < 0.2


def test_the_curve_has_the_score_of_either_host():
    hook = TrainingRecordHook()
    hook.after_val_epoch(runner(None, 10), {'aAcc': 90.0, 'mIoU': 41.0})
    hook.after_val_epoch(runner(None, 20), {'accuracy/top1': 50.0})
    assert hook.curve == [(10, 0.41), (20, 0.5)]


def test_a_training_that_diverges_is_given_up():
    hook = TrainingRecordHook()
    hook.after_train_iter(runner(None), 0, outputs=dict(loss=torch.tensor(1.0)))
    with pytest.raises(FloatingPointError, match='iteration 8: the loss is not finite'):
        hook.after_train_iter(runner(None, 7), 0, outputs=dict(loss=torch.tensor(float('nan'))))
