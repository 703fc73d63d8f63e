# Copyright (c) mmtips authors. All rights reserved.
"""Circular padding of a whole model, from a config."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmtips.surgery import convert_padding
from mmtips.wrappers import unwrap


@HOOKS.register_module()
class CircularPaddingHook(Hook):
    """Let every map of the model go on circularly beyond its border, before the model runs.

    For any operator, also those that promise nothing, and for none: see :func:`mmtips.surgery.convert_padding`. What
    :class:`ExactEquivarianceHook` does beyond that needs equivariant operators. It adds no parameter, so that
    checkpoints load with and without it; but a network has to be trained with the padding that it is tested with.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the model, once.

        Raises:
            ValueError: If a module of it cannot be padded circularly.
        """
        model: Any = unwrap(runner.model)
        if not hasattr(model, 'circular_resizes'):
            convert_padding(model)
