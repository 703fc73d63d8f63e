# Copyright (c) mmtips authors. All rights reserved.
"""What stands between an operator in training and the hook that adds its losses."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from mmtips.downsampling import TIPS
from mmtips.losses.functional import feature_mixing_loss, shift_amounts


@dataclass
class LossRecorder:
    """Observer of one operator: computes its loss terms in training forward and keeps them until they are collected.

    Attributes:
        form: Form of L_FM.
        mode: How the target of L_undo is shifted.
        max_shift: The largest shift as a share of the map.
        with_undo: Whether L_undo is on in this step.
        offset: ``(2,)``, this step's draw of the shift, uniform in [0, 1).
        mixing: L_FM of each call since the last collection, scalars.
        undo: L_undo of each call since the last collection, scalars.
        watcher: Who wants to see the weights too, beside the losses: an operator has one observer.
    """

    form: str
    mode: str
    max_shift: float
    with_undo: bool = False
    offset: Tensor = field(default_factory=lambda: torch.zeros(2))
    mixing: list[Tensor] = field(default_factory=list)
    undo: list[Tensor] = field(default_factory=list)
    watcher: Callable[[Tensor], None] | None = None

    def undo_shift(self, size: Sequence[int]) -> Tensor | None:
        """The rows and columns by which the target of L_undo is shifted, ``(2,)``; None while the term is off."""
        return shift_amounts(self.offset, size, self.max_shift) if self.with_undo else None

    def __call__(self, phase_weights: Tensor, undo: Tensor) -> None:
        """Append this call's terms."""
        if self.watcher is not None:
            self.watcher(phase_weights)
        self.mixing.append(feature_mixing_loss(phase_weights, self.form))
        if self.with_undo:
            self.undo.append(undo)

    def clear(self) -> None:
        """Drop the terms, and with them their graph: a model must be copyable between steps."""
        self.mixing.clear()
        self.undo.clear()


def attached_recorders(model: nn.Module) -> Iterator[tuple[str, TIPS, LossRecorder]]:
    """The path, operator and recorder of every TIPS operator of a model that a recorder observes."""
    for path, module in model.named_modules():
        if isinstance(module, TIPS) and isinstance(module.observer, LossRecorder):
            yield path, module, module.observer


def collect(model: nn.Module) -> tuple[Tensor | None, Tensor | None]:
    """Average what the recorders of a model hold over layers and calls, and clear them.

    Args:
        model: The model whose forward has just run in training.

    Returns:
        L_FM and L_undo, scalars; None for a term that no operator recorded.

    Raises:
        RuntimeError: If a term carries no gradient although it should, as under reentrant checkpointing.
        FloatingPointError: If a term is not finite; the message names the layer.
    """
    mixing: list[Tensor] = []
    undo: list[Tensor] = []
    terms: dict[str, list[Tensor]] = {}
    for path, operator, recorder in attached_recorders(model):
        terms[path] = recorder.mixing + recorder.undo
        _require_gradient(path, operator, terms[path])
        mixing.extend(recorder.mixing)
        undo.extend(recorder.undo)
        recorder.clear()
    if mixing or undo:
        _require_finite(terms)
    return torch.stack(mixing).mean() if mixing else None, torch.stack(undo).mean() if undo else None


def _require_gradient(path: str, operator: TIPS, terms: list[Tensor]) -> None:
    trainable = torch.is_grad_enabled() and any(p.requires_grad for p in operator.parameters(recurse=False))
    if trainable and not all(term.requires_grad for term in terms):
        raise RuntimeError(
            f'TIPSLossHook: the loss terms of layer {path!r} carry no gradient, because reentrant activation '
            'checkpointing ran the layer without one. Set with_cp=False on the backbone (and no '
            'activation_checkpointing in cfg), or checkpoint with use_reentrant=False')


def _require_finite(terms: dict[str, list[Tensor]]) -> None:
    # One look at all layers: each would make the host wait for the GPU.
    if torch.isfinite(torch.stack([term.detach() for of in terms.values() for term in of])).all():
        return
    path, values = next((path, values) for path, of in terms.items()
                        if not all(map(math.isfinite, values := [float(term) for term in of])))
    raise FloatingPointError(f'TIPSLossHook: a loss term of layer {path!r} is not finite: {values}. Lower the learning '
                             'rate or clip the gradient')
