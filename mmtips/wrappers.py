# Copyright (c) mmtips authors. All rights reserved.
"""The model inside mmengine's wrappers: DDP and its kin, and test-time augmentation."""

from typing import cast

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn


def unwrap(model: nn.Module) -> nn.Module:
    """The wrapped model, or the model itself if nothing wraps it."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = cast(nn.Module, model.module)
    return model
