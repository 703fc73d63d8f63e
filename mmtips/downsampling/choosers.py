# Copyright (c) mmtips authors. All rights reserved.
"""Which phase of a sample to keep: by its norm, by learned logits, or as another operator did."""

from typing import Any

import torch
from torch import Tensor, nn

from mmtips.arguments import check_integer
from mmtips.downsampling import functional


class NormChooser(nn.Module):
    """The phase of the largest norm, always hard; the gradient goes through the chosen phase alone.

    Args:
        norm: See :func:`functional.phase_scores`.
        per_channel: Whether each channel has a choice of its own.
    """

    soft = False

    def __init__(self, norm: str = 'l2', per_channel: bool = False) -> None:
        super().__init__()
        if norm not in functional.NORMS:
            raise ValueError(f'norm: expected one of {functional.NORMS}, got {norm!r}')
        self.norm = norm
        self.per_channel = per_channel

    @property
    def guarantee(self) -> str:
        """What the choice leaves of an exactly moving input: channels that part keep their means alone."""
        return 'pooled' if self.per_channel else 'equivariant'

    def forward(self, x: Tensor, stride: int) -> Tensor:
        """One-hot weights of the phases of ``x``, ``(N, s*s)``, or ``(N, C, s*s)`` per channel."""
        return _one_hot(functional.phase_scores(x.detach(), stride, self.norm, self.per_channel))


class LearnedChooser(nn.Module):
    """A phase by learned logits (Rojas-Gomez et al., NeurIPS 2022, Sec. 4): soft in training, hard in eval.

    Args:
        channels: Channels C.
        hidden: Channels of the hidden layer.
        mixing: ``'gumbel'``: Gumbel-softmax in training; ``'train_convex'``: softmax in training; ``'convex'``: softmax
            in training and eval, which is no selection any more.
    """

    temperature: Tensor

    def __init__(self, channels: int, hidden: int, mixing: str = 'gumbel') -> None:
        super().__init__()
        if mixing not in ('gumbel', 'train_convex', 'convex'):
            raise ValueError(f"mixing: expected 'gumbel', 'train_convex' or 'convex', got {mixing!r}")
        check_integer('hidden', hidden, 1)
        self.mixing = mixing
        self.hidden_weight = nn.Parameter(torch.empty(hidden, channels, 3, 3))
        self.hidden_bias = nn.Parameter(torch.empty(hidden))
        self.logit_weight = nn.Parameter(torch.empty(hidden, hidden, 3, 3))
        self.logit_bias = nn.Parameter(torch.empty(hidden))
        #: Temperature of the softmax (the paper's tau), set by ``LPSTemperatureHook``. A buffer: a compiled step must
        #: not be compiled anew for each value. It belongs to the schedule, and to the checkpoint where eval needs it.
        self.register_buffer('temperature', torch.ones(()), persistent=mixing == 'convex')
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The default initialisation of the two convolutions: uniform within 1/sqrt(fan in)."""
        for weight, bias in ((self.hidden_weight, self.hidden_bias), (self.logit_weight, self.logit_bias)):
            bound = (9 * weight.shape[1])**-0.5
            nn.init.uniform_(weight, -bound, bound)
            nn.init.uniform_(bias, -bound, bound)

    @property
    def guarantee(self) -> str:
        """What the weights leave of an exactly moving input in eval: a soft mix keeps its mean alone."""
        return 'pooled' if self.mixing == 'convex' else 'equivariant'

    @property
    def soft(self) -> bool:
        """Whether the weights mix phases now, rather than select one."""
        return self.training or self.mixing == 'convex'

    def forward(self, x: Tensor, stride: int) -> Tensor:
        """Weights ``(N, s*s)`` of the phases of ``x``, float32 or float64.

        Gumbel noise comes from torch's own generator, as dropout does: it is seeded, resumed and replayed with it.
        """
        logits = functional.phase_logits(x, stride, self.hidden_weight, self.hidden_bias, self.logit_weight,
                                         self.logit_bias)
        if not self.soft:
            return _one_hot(logits)
        temperature = self.temperature.to(logits.dtype)
        if self.mixing == 'gumbel':
            # -log of an exponential variable is a Gumbel variable.
            logits = logits - torch.empty_like(logits).exponential_().log()
        return (logits / temperature).softmax(-1)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        if self.mixing == 'convex':  # earlier checkpoints lack it
            state_dict.setdefault(f'{prefix}temperature', self.temperature)
        super()._load_from_state_dict(state_dict, prefix, *args)


class SharedChoice(nn.Module):
    """The choice of another operator, handed over within one forward.

    Args:
        leader: Its chooser.
    """

    def __init__(self, leader: nn.Module) -> None:
        super().__init__()
        self._leader = (leader, )  # in a tuple: the leader's parameters are not this module's
        self._weights: Tensor | None = None

    @property
    def guarantee(self) -> str:
        """The leader's."""
        return str(self._leader[0].guarantee)

    @property
    def soft(self) -> bool:
        """Whether the leader's weights mix phases now."""
        return bool(self._leader[0].soft)

    def put(self, weights: Tensor) -> None:
        """Take note of the leader's weights."""
        self._weights = weights

    def peek(self) -> Tensor | None:
        """The leader's weights, left where they are; None if it has not run, or they were used."""
        return self._weights

    def forward(self, x: Tensor, stride: int) -> Tensor:  # noqa: ARG002
        """The leader's weights ``(N, s*s)``, once: nothing of a graph stays on the model between steps.

        Raises:
            RuntimeError: If there are none: the branches did not run in the order that was assumed.
        """
        weights, self._weights = self._weights, None
        if weights is None:
            raise RuntimeError('a branch ran before the branch whose phase it shares: leave its block as it is with '
                               'sites={path: None}')
        return weights


def _one_hot(scores: Tensor) -> Tensor:
    phases = torch.arange(scores.shape[-1], device=scores.device)
    return (scores.argmax(-1, keepdim=True) == phases).to(scores.dtype)
