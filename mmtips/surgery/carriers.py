# Copyright (c) mmtips authors. All rights reserved.
"""Run an operator at a module that keeps its class.

The operator is a child of that module, its carrier, run by a hook rather than by a subclass of the carrier: the hosts'
initialisation and type tests look at the class. The hooks are functions of the module, not closures, so that copies and
pickles of the model run operators of their own.
"""

from typing import Any

from torch import Tensor, nn


def run_before(carrier: nn.Module, operator: nn.Module) -> None:
    """Make a module run an operator on its input, as its child ``downsampler``.

    Args:
        carrier: Any module whose first argument is the feature map.
        operator: Maps that feature map to what the carrier shall see.
    """
    carrier.add_module('downsampler', operator)
    carrier.register_forward_pre_hook(_before)


def run_after(carrier: nn.Module, operator: nn.Module) -> None:
    """Make a module run an operator on its output, as its child ``output_downsampler``.

    Args:
        carrier: Any module that returns a feature map and nothing else.
        operator: Maps that feature map to what the carrier shall return.
    """
    carrier.add_module('output_downsampler', operator)
    carrier.register_forward_hook(_after)


def _before(carrier: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (carrier.get_submodule('downsampler')(args[0]), *args[1:])


def _after(carrier: Any, args: Any, output: Tensor) -> Tensor:  # noqa: ARG001
    return carrier.get_submodule('output_downsampler')(output)
