# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.registry import MODELS

from mmtips.downsampling import LPS
from mmtips.hooks import LPSTemperatureHook
from tests.losses.models import make_runner


@MODELS.register_module()
class TIPSToySelector(BaseModel):

    def __init__(self):
        super().__init__()
        self.down = LPS(3, hidden=2)
        self.seen = []

    def forward(self, inputs, target=None, mode='tensor'):
        self.seen.append(self.down.chooser.temperature.item())
        return dict(loss=(self.down(inputs).mean((1, 2, 3)) - target).square().mean())


def test_published_schedule_by_hand():
    hook = LPSTemperatureHook()
    assert [hook.temperature(epoch / 90) for epoch in (0, 31, 62, 72, 82, 86, 90)] == \
        pytest.approx([1, 0.75, 0.5, 0.275, 0.05, 0.03, 0.01])


def test_temperature_follows_the_iteration_and_survives_a_resume(tmp_path):
    options = dict(model=dict(type='TIPSToySelector'), custom_hooks=[dict(type='LPSTemperatureHook')])
    straight = make_runner(tmp_path / 'straight', **options)
    straight.train()
    assert straight.model.seen[0] == 1
    assert straight.model.seen == sorted(straight.model.seen, reverse=True)
    resumed = make_runner(tmp_path / 'resumed', resume=True, load_from=str(tmp_path / 'straight/iter_6.pth'), **options)
    resumed.train()
    assert resumed.model.seen == straight.model.seen[6:]


def test_a_model_without_learned_selection_is_refused(tmp_path):
    with pytest.raises(ValueError, match='selects no phase by learned logits'):
        make_runner(tmp_path, custom_hooks=[dict(type='LPSTemperatureHook')]).train()


@pytest.mark.parametrize('points', [(), ((0.5, 1), (0.2, 0.5)), ((0, 0), ), ((0, 1), (1.5, 0.1))])
def test_bad_points(points):
    with pytest.raises(ValueError, match='points: expected pairs'):
        LPSTemperatureHook(points)


def test_torch_state_is_what_a_seed_replays():
    operator, x = LPS(3).train(), torch.randn(2, 3, 4, 4)
    outs = []
    for _ in range(2):
        torch.manual_seed(3)
        outs.append(operator(x))
    assert torch.equal(*outs)
