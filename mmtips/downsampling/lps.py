# Copyright (c) mmtips authors. All rights reserved.
"""LPS: keep the phase that a small network chooses."""

from mmtips.downsampling.choosers import LearnedChooser
from mmtips.downsampling.registry import DOWNSAMPLERS
from mmtips.downsampling.selection import AntialiasedSelector


@DOWNSAMPLERS.register_module()
class LPS(AntialiasedSelector):
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

    def __init__(self, channels: int, stride: int = 2, *, hidden: int | None = None, mixing: str = 'gumbel',
                 antialias: int = 1, padding_mode: str = 'circular') -> None:
        super().__init__(channels, stride, antialias, padding_mode)
        self.chooser = LearnedChooser(channels, channels if hidden is None else hidden, mixing)
