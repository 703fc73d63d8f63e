# Copyright (c) mmtips authors. All rights reserved.
"""Models that undo the phases which their operators keep, from a config."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmtips.hooks.padding import CircularPaddingHook
from mmtips.surgery import align_decoder, equivariant_operators
from mmtips.wrappers import unwrap


@HOOKS.register_module()
class AlignedDecodeHook(Hook):
    """Let a segmentor undo the phases that its backbone keeps: see :func:`mmtips.surgery.align_decoder`.

    For operators whose guarantee is ``'equivariant'`` and the padding that the model has: away from the border
    predictions then move with the image. A classifier decodes nothing, and stays as it is. The model gets no parameter,
    so that checkpoints load with and without it; but a network has to be trained with it.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the model, once.

        Raises:
            ValueError: If an operator of its backbone is not equivariant, or a stride is left.
        """
        model: Any = unwrap(runner.model)
        if hasattr(model, 'decode_head') and not hasattr(model.backbone, 'trail'):
            align_decoder(model)


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
        CircularPaddingHook().before_run(runner)
        if hasattr(model, 'decode_head'):
            AlignedDecodeHook().before_run(runner)
        else:
            equivariant_operators(model.backbone)
        model.exactly_equivariant = True
