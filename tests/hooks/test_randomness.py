# Copyright (c) mmtips authors. All rights reserved.
"""What the loops of a runner do with it is in tests/losses/test_hook.py; here, what processes with GPUs keep."""

from types import SimpleNamespace

import pytest
import torch

from mmtips.hooks import ResumeRandomnessHook


@pytest.mark.parametrize('saved', [1, 4])  # earlier checkpoints hold a state for each GPU that the first process saw
def test_a_process_keeps_and_sets_the_generator_of_its_own_gpu(monkeypatch, saved):
    states, put = [torch.full((16, ), number, dtype=torch.uint8) for number in range(4)], []
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 4)
    monkeypatch.setattr(torch.cuda, 'get_rng_state', lambda: states[0])
    monkeypatch.setattr(torch.cuda, 'set_rng_state', put.append)
    checkpoint = {}
    hook = ResumeRandomnessHook()
    hook.before_save_checkpoint(None, checkpoint)
    assert len(checkpoint['randomness']['cuda']) == 1
    checkpoint['randomness']['cuda'] = states[:saved]
    hook.after_load_checkpoint(None, checkpoint)
    hook.before_train_iter(SimpleNamespace(iter=3))
    assert len(put) == 1
    assert torch.equal(put[0], states[0])


def test_what_a_validation_saves_goes_on_where_the_training_does():
    hook, best, later = ResumeRandomnessHook(), {}, {}
    hook.before_val(None)
    torch.rand(3)  # a data loader draws its seed
    hook.before_save_checkpoint(None, best)
    hook.after_val(None)
    assert torch.equal(best['randomness']['cpu'], torch.get_rng_state())
    torch.rand(3)
    hook.before_save_checkpoint(None, later)
    assert torch.equal(later['randomness']['cpu'], torch.get_rng_state())
