# Copyright (c) mmtips authors. All rights reserved.
"""A run of two iterations, and files that call something when they are unpickled."""

import io
import uuid
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner, load_checkpoint
from torch import nn
from torch.utils.data import DataLoader

from mmtips.compat import CHECKPOINT_HISTORY
from mmtips.compat.mends import MENDED, outcome_of

refuses_by_default = pytest.mark.skipif(
    outcome_of(CHECKPOINT_HISTORY) != MENDED, reason='torch.load refuses nothing here: torch < 2.6 or its override')


class Calls:
    """Pickles as a call: what a hostile file does, and what mmengine's own files do with getattr."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


class TinyModel(BaseModel):

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def forward(self, inputs: torch.Tensor, mode: str = 'tensor') -> Any:
        return dict(loss=self.linear(inputs).mean())


def run(work_dir: Path, iterations: int, resume: bool = False) -> Runner:
    runner = Runner(
        model=TinyModel(),
        work_dir=str(work_dir),
        train_dataloader=DataLoader([dict(inputs=torch.ones(2))] * 4, batch_size=2),
        train_cfg=dict(by_epoch=False, max_iters=iterations),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False), logger=dict(
                type='LoggerHook', interval=1)),
        log_level='ERROR',
        resume=resume,
        experiment_name=uuid.uuid4().hex)
    runner.train()
    return runner


def load_into_model(path: str) -> Any:
    return load_checkpoint(TinyModel(), path)


def load_saved(content: Any) -> Any:
    stream = io.BytesIO()
    torch.save(content, stream)
    stream.seek(0)
    return torch.load(stream)
