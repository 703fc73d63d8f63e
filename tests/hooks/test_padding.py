# Copyright (c) mmtips authors. All rights reserved.
from types import SimpleNamespace

import torch
from torch import nn

from mmtips.downsampling import build_downsampler
from mmtips.hooks import CircularPaddingHook


def test_any_operator_will_do_and_twice_is_once():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), build_downsampler(dict(type='TIPS'), 4))
    names = list(model.state_dict())
    hook, runner = CircularPaddingHook(), SimpleNamespace(model=model)
    hook.before_run(runner)
    hook.before_run(runner)
    assert model[1].padding_mode == 'circular'
    assert list(model.state_dict()) == names
    x = torch.randn(2, 3, 8, 8)
    model[1] = nn.Identity()
    torch.testing.assert_close(model(x.roll((3, 2), (2, 3))), model(x).roll((3, 2), (2, 3)))
