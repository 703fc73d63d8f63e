# Copyright (c) mmtips authors. All rights reserved.
"""The model inside mmengine's wrappers (DDP and its kin)."""

from typing import cast

from mmengine.model import is_model_wrapper
from torch import nn


def unwrap(model: nn.Module) -> nn.Module:
    """The wrapped model, or the model itself if nothing wraps it."""
    return cast(nn.Module, model.module) if is_model_wrapper(model) else model
