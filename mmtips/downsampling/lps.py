# Copyright (c) mmtips authors. All rights reserved.
"""LPS: keep the phase that a small network chooses."""

from torch import Tensor

from mmtips.downsampling import functional
from mmtips.downsampling.blur_pool import blur
from mmtips.downsampling.registry import DOWNSAMPLERS
from mmtips.downsampling.selection import LearnedChooser, PhaseSelector


@DOWNSAMPLERS.register_module()
class LPS(PhaseSelector):
    """Learnable polyphase sampling (Rojas-Gomez et al., NeurIPS 2022, Sec. 4): one phase per sample, by learned logits.

    The logits of all phases come from one network (:func:`functional.phase_logits`). In training the phases are mixed
    by Gumbel-softmax weights, whose temperature ``LPSTemperatureHook`` lowers; in eval the best one is kept. The other
    branch of a residual block takes the weights over and has no network.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
        hidden: Channels of the hidden layer; C if not given, as published for ResNet-18.
        mixing: ``'gumbel'`` (published), ``'train_convex'`` (softmax in training) or ``'convex'`` (softmax in eval too,
            which keeps the mean of the output and nothing more).
        antialias: Taps per side of a binomial filter before the choice, 1 to 7; 1 is none.
        padding_mode: Border of that filter.

    Raises:
        ValueError: If an option is out of its range.
    """

    kernel: Tensor

    def __init__(self, channels: int, stride: int = 2, *, hidden: int | None = None, mixing: str = 'gumbel',
                 antialias: int = 1, padding_mode: str = 'circular') -> None:
        super().__init__(channels, stride)
        self.mixing = mixing
        self.chooser = LearnedChooser(channels, channels if hidden is None else hidden, mixing)
        self.padding_mode = functional.check_padding_mode(padding_mode)
        self.register_buffer('kernel', functional.binomial_filter(antialias).float(), persistent=False)

    @property
    def guarantee(self) -> str:
        """Equivariant in eval, or pooled if it mixes there too, if the filter moves with the input."""
        if self.kernel.numel() > 1 and self.padding_mode != 'circular':
            return 'none'
        return 'pooled' if self.mixing == 'convex' else 'equivariant'

    def filter(self, x: Tensor) -> Tensor:
        """The binomial filter at stride 1."""
        return blur(x, self.kernel, 1, self.padding_mode)
