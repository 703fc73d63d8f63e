# Copyright (c) mmtips authors. All rights reserved.
"""Exact circular equivariance of a whole model, from a config."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmtips.surgery import align_decoder, convert_padding, equivariant_operators
from mmtips.wrappers import unwrap


@HOOKS.register_module()
class ExactEquivarianceHook(Hook):
    """Convert the model before it runs: circular padding, and in a segmentor the aligned decode.

    With an operator whose guarantee is ``'equivariant'`` the model is then exactly equivariant to circular shifts. It
    adds no parameter, so that checkpoints load with and without it; but a network has to be trained with the padding
    that it is tested with.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the model, once.

        Raises:
            ValueError: If an operator of its backbone is not equivariant, or a stride is left.
        """
        model: Any = unwrap(runner.model)
        if getattr(model, 'exactly_equivariant', False):
            return
        if not hasattr(model, 'circular_resizes'):
            convert_padding(model)
        if hasattr(model, 'decode_head'):
            align_decoder(model)
        else:
            equivariant_operators(model.backbone)
        model.exactly_equivariant = True
