# Copyright (c) mmtips authors. All rights reserved.
import copy

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import autocast

from mmtips.downsampling import functional
from mmtips.losses import TIPSLossHook, combine_losses, feature_mixing_loss, undo_loss
from tests.losses.models import Toy, make_runner, scalars


def parameters(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_it_is_found_unprefixed():
    assert isinstance(HOOKS.build(dict(type='TIPSLossHook')), TIPSLossHook)


def test_logged_losses_are_the_objective(tmp_path):
    runner = make_runner(tmp_path, dict(undo_start=0.4))
    runner.train()
    undo = scalars(runner, 'loss_tips_undo')
    assert len(undo) == 6  # iterations 4 to 9 of 10
    assert all(value > 0 for value in undo)
    task, mixing, total = (scalars(runner, name) for name in ('loss_task', 'loss_tips_fm', 'loss'))
    expected = [a + b for a, b in zip(task, mixing, strict=True)]
    for step, value in enumerate(undo):
        expected[4 + step] += value
    assert total == pytest.approx(expected, rel=1e-5)
    assert all(0 < value < 0.5 for value in mixing)


def first_step_by_hand(alpha, seed=0):
    """The objective of iteration 0 on the first batch, with the losses as pure functions."""
    runner = make_runner('unused', iters=1)
    model = runner.model.train()
    batch = [Toy()[i] for i in range(4)]
    x, target = (torch.stack([item[key] for item in batch]) for key in ('inputs', 'target'))
    offsets = torch.rand(2, 2, generator=torch.Generator().manual_seed(seed * 1_000_003))
    mixing, undo = [], []
    for convolution, operator, offset in zip((model.first, model.second), (model.down1, model.down2), offsets,
                                             strict=True):
        x = convolution(x).relu()
        features = functional.tips_features(x, operator.score_weight)
        weights = functional.tips_phase_weights(features, operator.score_scale, 2)
        mixing.append(feature_mixing_loss(weights))
        undo.append(undo_loss(features, x, offset))
        x = functional.mix_phases(x, weights, 2)
    task = (model.head(x.mean((-2, -1))).squeeze(1) - target).square().mean()
    losses = combine_losses(dict(loss=task), sum(mixing) / 2, sum(undo) / 2, alpha)
    sum(losses.values()).backward()
    return {name: p.grad for name, p in model.named_parameters()}


def test_gradient_equals_the_objective_written_by_hand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = first_step_by_hand(0.35)
    runner = make_runner(tmp_path, dict(undo_start=0.), iters=1,
                         optim_wrapper=dict(optimizer=dict(type='SGD', lr=1., momentum=0.)))
    before = {name: p.detach().clone() for name, p in runner.model.named_parameters()}
    runner.train()
    for name, parameter in runner.model.named_parameters():
        torch.testing.assert_close(before[name] - parameter, expected[name], msg=name)


@pytest.mark.parametrize('mode', ['tensor', 'predict'])
def test_a_forward_in_training_that_computes_no_loss_leaves_nothing_behind(tmp_path, mode):
    """As those by which a PreciseBNHook renews statistics."""
    plain, watched = (make_runner(tmp_path / name, dict(undo_start=0.), iters=3) for name in ('plain', 'watched'))

    class Look(Hook):
        priority = 'VERY_HIGH'

        def before_train_iter(self, runner, *args, **kwargs):
            with torch.no_grad():
                runner.model(torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)), mode=mode)

    watched.register_hook(Look())
    plain.train()
    watched.train()
    assert scalars(watched, 'loss') == scalars(plain, 'loss')


def test_the_average_of_a_momentum_encoder_is_not_trained(tmp_path):
    plain, twin = (make_runner(tmp_path / name, dict(undo_start=0.), model=dict(momentum=momentum), iters=2)
                   for name, momentum in (('plain', False), ('twin', True)))
    plain.train()
    twin.train()
    for name in ('loss_tips_fm', 'loss_tips_undo'):
        assert scalars(twin, name) == scalars(plain, name)


def test_schedule_by_epoch(tmp_path):
    runner = make_runner(tmp_path, dict(undo_start=0.5, by_epoch=True), iters=4, by_epoch=True, batch_size=8)
    runner.train()
    assert len(scalars(runner, 'loss_tips_fm')) == 16
    assert len(scalars(runner, 'loss_tips_undo')) == 8


def test_schedule_by_epoch_needs_epochs(tmp_path):
    with pytest.raises(ValueError, match='by_epoch=True needs an epoch-based train loop'):
        make_runner(tmp_path, dict(by_epoch=True)).train()


def test_resumed_training_has_the_same_curve(tmp_path):
    straight = make_runner(tmp_path / 'straight', dict(undo_start=0.3))
    straight.train()
    make_runner(tmp_path / 'resumed', dict(undo_start=0.3), iters=10,
                train_cfg=dict(by_epoch=False, max_iters=10)).train()
    resumed = make_runner(tmp_path / 'resumed', dict(undo_start=0.3), resume=True,
                          load_from=str(tmp_path / 'resumed/iter_5.pth'))
    resumed.train()
    for name in ('loss', 'loss_tips_fm', 'loss_tips_undo'):
        assert scalars(resumed, name)[-5:] == pytest.approx(scalars(straight, name)[-5:], rel=1e-6)
    torch.testing.assert_close(parameters(resumed.model), parameters(straight.model))


def test_interrupted_training_resumes_to_the_same_curve(tmp_path):

    class Interrupt(Exception):
        pass

    def interrupt(runner, **kwargs):
        if runner.iter == 6:
            raise Interrupt

    straight = make_runner(tmp_path / 'straight', dict(undo_start=0.3))
    straight.train()
    broken = make_runner(tmp_path / 'broken', dict(undo_start=0.3))
    hook = broken._hooks[-1]
    hook.before_train_iter = interrupt
    with pytest.raises(Interrupt):
        broken.train()
    resumed = make_runner(tmp_path / 'broken', dict(undo_start=0.3), resume=True)
    resumed.train()
    assert resumed.iter == 10
    torch.testing.assert_close(parameters(resumed.model), parameters(straight.model))


def test_model_is_left_as_it_was(tmp_path):
    runner = make_runner(tmp_path, {})
    runner.train()
    assert not runner.model._forward_hooks
    assert runner.model.down1.observer is None
    runner.model.train()(torch.rand(1, 3, 16, 16))


def test_model_can_be_copied_between_steps(tmp_path):

    class Copy:
        copies = 0

        def __call__(self, runner, **kwargs):
            copy.deepcopy(runner.model)
            self.copies += 1

    runner, action = make_runner(tmp_path, dict(undo_start=0.)), Copy()
    runner._hooks[-1].before_train_iter = action
    runner.train()
    assert action.copies == 10


def test_ema_copies_are_sound(tmp_path):
    plain = make_runner(tmp_path / 'plain', dict(undo_start=0.3))
    plain.train()
    hooks = [dict(type='EMAHook', momentum=0.1), dict(type='TIPSLossHook', undo_start=0.3)]
    for k, order in enumerate((hooks, hooks[::-1])):
        averaged = make_runner(tmp_path / f'ema{k}', custom_hooks=order)
        averaged.train()
        torch.testing.assert_close(parameters(averaged.model), parameters(plain.model))
        ema = next(hook for hook in averaged._hooks if type(hook).__name__ == 'EMAHook').ema_model
        assert not ema.module._forward_hooks


def test_gradient_accumulation_equals_the_joined_batch(tmp_path):
    """The mean of the gradients of two batches is that of both together, up to L_undo's shifts: none here."""
    joined = make_runner(tmp_path / 'joined', dict(undo_start=0., max_shift=0.), iters=1, batch_size=8)
    joined.train()
    parts = make_runner(tmp_path / 'parts', dict(undo_start=0., max_shift=0.), iters=2, batch_size=4,
                        optim_wrapper=dict(accumulative_counts=2, optimizer=dict(type='SGD', lr=0.05, momentum=0.9)))
    parts.train()
    torch.testing.assert_close(parameters(parts.model), parameters(joined.model))


def test_non_reentrant_checkpointing_is_exact(tmp_path):
    plain = make_runner(tmp_path / 'plain', dict(undo_start=0.))
    plain.train()
    saved = make_runner(tmp_path / 'saved', dict(undo_start=0.), model=dict(checkpoint=False))
    saved.train()
    torch.testing.assert_close(parameters(saved.model), parameters(plain.model))


def test_reentrant_checkpointing_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match="layer 'down1' carry no gradient.*with_cp=False"):
        make_runner(tmp_path, {}, model=dict(checkpoint=True)).train()


def test_several_calls_per_forward_are_averaged(tmp_path):
    once, thrice = (make_runner(tmp_path / str(n), dict(undo_start=0.), model=dict(calls=n)) for n in (1, 3))
    once.train()
    thrice.train()
    assert scalars(thrice, 'loss_tips_fm') == pytest.approx(scalars(once, 'loss_tips_fm'), rel=1e-5)


def test_autocast_gives_float32_terms(tmp_path):
    runner = make_runner(tmp_path, dict(undo_start=0.))
    hook = runner._hooks[[type(hook).__name__ for hook in runner._hooks].index('TIPSLossHook')]
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    hook.before_train(runner)
    hook.before_train_iter(runner, 0)
    with autocast(device_type='cpu', dtype=torch.bfloat16):
        losses = runner.model.train()(torch.rand(2, 3, 16, 16), torch.rand(2), mode='loss')
    assert losses['loss_tips_fm'].dtype == torch.float32
    assert losses['loss_tips_undo'].dtype == torch.float32
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    assert all(torch.isfinite(p.grad).all() for p in runner.model.parameters())


@pytest.mark.parametrize('backend', ['eager', 'aot_eager'])
def test_compiled_training_step(tmp_path, backend):
    torch.compiler.reset()
    plain = make_runner(tmp_path / 'plain', dict(undo_start=0.5), iters=4)
    plain.train()
    compiled = make_runner(tmp_path / 'compiled', dict(undo_start=0.5), iters=4,
                           cfg=dict(compile=dict(backend=backend)))
    compiled.train()
    torch.testing.assert_close(parameters(compiled.model), parameters(plain.model))


def test_frozen_operators_do_not_matter(tmp_path):
    runner = make_runner(tmp_path, {}, iters=2)
    for parameter in [*runner.model.first.parameters(), *runner.model.down1.parameters()]:
        parameter.requires_grad = False
    runner.train()
    assert len(scalars(runner, 'loss_tips_fm')) == 2


def test_predictions_pass_through(tmp_path):
    runner = make_runner(tmp_path, {})
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    hook = next(hook for hook in runner._hooks if isinstance(hook, TIPSLossHook))
    hook.before_train(runner)
    hook.before_train(runner)  # does not install twice
    assert len(runner.model._forward_hooks) == 1
    assert isinstance(runner.model(torch.rand(1, 3, 16, 16), mode='predict'), list)
    assert isinstance(runner.model(torch.rand(1, 3, 16, 16)), torch.Tensor)


def test_model_without_tips_is_refused(tmp_path):
    with pytest.raises(ValueError, match="TIPSToyModel has no TIPS operator: give its backbone downsampler="):
        make_runner(tmp_path, {}, model=dict(with_tips=False)).train()


def test_non_finite_term_names_the_layer(tmp_path):
    runner = make_runner(tmp_path, {})
    with torch.no_grad():
        runner.model.down2.score_scale.fill_(float('nan'))
    with pytest.raises(FloatingPointError, match="layer 'down2' is not finite"):
        runner.train()


@pytest.mark.parametrize(('options', 'message'), [
    (dict(form='eq3'), 'form: expected one of'),
    (dict(mode='zero'), 'mode: expected one of'),
    (dict(alpha=1.5), 'alpha: expected a number from 0 to 1'),
    (dict(undo_start=-0.1), 'undo_start: expected'),
    (dict(max_shift=0.5), 'max_shift: expected a number from 0 to 0.25'),
    (dict(mixing_weight=-1), 'mixing_weight: expected a number >= 0, got -1'),
])
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        TIPSLossHook(**options)


@pytest.mark.parametrize('form', ['released', 'paper', 'two_sided'])
@pytest.mark.parametrize('mode', ['standard', 'circular'])
def test_every_form_trains(tmp_path, form, mode):
    runner = make_runner(tmp_path, dict(form=form, mode=mode, undo_start=0.), iters=2)
    runner.train()
    assert torch.isfinite(parameters(runner.model)).all()
