# Copyright (c) mmtips authors. All rights reserved.
"""Models that undo the phases which their operators keep, from a config."""

import copy
import logging
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmtips.hooks.padding import CircularPaddingHook
from mmtips.surgery import align_decoder, convert_padding, equivariant_operators, require_equivariance
from mmtips.wrappers import unwrap


@HOOKS.register_module()
class AlignedDecodeHook(Hook):
    """Let a segmentor undo the phases that its backbone keeps: see :func:`mmtips.surgery.align_decoder`.

    For operators whose guarantee is ``'equivariant'`` and the padding that the model has: away from the border
    predictions then move with the image. A classifier decodes nothing, and stays as it is. The model gets no parameter,
    so that checkpoints load with and without it; but a network has to be trained with it.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the model, once, and see whether a circular twin of it moves with an image.

        Raises:
            ValueError: If an operator of its backbone is not equivariant, or a stride is left, or something in the
                network does not move: see :func:`mmtips.surgery.require_equivariance`.
        """
        model: Any = unwrap(runner.model)
        if not hasattr(model, 'decode_head'):
            return
        if not hasattr(model.backbone, 'trail'):
            align_decoder(model)
        _require_once(model)


def _require_once(model: Any) -> None:
    if getattr(model, 'moves_with_image', False):
        return
    twin = model
    try:
        if not hasattr(model, 'circular_resizes'):
            twin = copy.deepcopy(model)
            convert_padding(twin)
    except ValueError as error:  # what has a border that cannot be made circular may move within it
        print_log(f'not tried, whether {type(model).__name__} moves with its image: {error}', 'current',
                  logging.WARNING)
    else:
        require_equivariance(twin)
    model.moves_with_image = True


@HOOKS.register_module()
class ExactEquivarianceHook(Hook):
    """Convert the model before it runs: circular padding, and in a segmentor the aligned decode.

    With an operator whose guarantee is ``'equivariant'`` the model is then exactly equivariant to circular shifts. It
    adds no parameter, so that checkpoints load with and without it; but a network has to be trained with the padding
    that it is tested with.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the model, once, and see whether it moves with an image.

        Raises:
            ValueError: If an operator of its backbone is not equivariant, or a stride is left, or something in the
                network does not move: see :func:`mmtips.surgery.require_equivariance`.
        """
        model: Any = unwrap(runner.model)
        CircularPaddingHook().before_run(runner)
        AlignedDecodeHook().before_run(runner)
        equivariant_operators(model.backbone)
        _require_once(model)
