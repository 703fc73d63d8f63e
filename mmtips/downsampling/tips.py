# Copyright (c) mmtips authors. All rights reserved.
"""TIPS: translation invariant polyphase sampling."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from mmtips.downsampling import functional
from mmtips.downsampling.base import Downsampler
from mmtips.downsampling.registry import DOWNSAMPLERS

#: Called in training with the input, the features psi and the phase weights tau of one forward.
Observer = Callable[[Tensor, Tensor, Tensor], None]


@DOWNSAMPLERS.register_module()
class TIPS(Downsampler):
    """Translation invariant polyphase sampling as published (Saha & Gokhale, WACV 2025, Sec. 3).

    A depthwise 3x3 convolution and a ReLU give features psi; their means over an s x s grid of image regions, scaled
    per channel, go through a softmax and become the weights tau with which the s*s phases are mixed, for every sample
    and channel. Odd maps are extended by reflection on the left and top. Two parameters: ``score_weight`` with 9C and
    ``score_scale`` with C values.

    Despite the name the operator guarantees nothing under shifts: the weights come from image regions rather than from
    phases, and any soft mix of phases moves off the grid at odd shifts. What robustness it has it learns, through the
    losses that :class:`mmtips.losses.TIPSLossHook` adds.

    Deviations from the released code: scores and phases are paired row-major (the code swaps the two middle phases,
    which relabels them and nothing else); any stride; no random shift is drawn here, the losses draw it.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
        padding_mode: Border of the 3x3 convolution; zeros as published.
    """

    def __init__(self, channels: int, stride: int = 2, *, padding_mode: str = 'zeros') -> None:
        super().__init__(channels, stride)
        self.padding_mode = functional.check_padding_mode(padding_mode)
        self.score_weight = nn.Parameter(torch.empty(channels, 1, 3, 3))
        self.score_scale = nn.Parameter(torch.empty(channels))
        #: Whoever wants to see psi and tau in training sets this; it is never called in eval.
        self.observer: Observer | None = None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The default initialisation of the two convolutions: uniform within 1/sqrt(fan in)."""
        nn.init.uniform_(self.score_weight, -1 / 3, 1 / 3)
        nn.init.uniform_(self.score_scale, -1, 1)

    def reduce(self, x: Tensor) -> Tensor:
        """Mix the phases of ``x``; in training, let the observer see how."""
        x = functional.extend_to_multiple(x, self.stride)
        features = functional.tips_features(x, self.score_weight, self.padding_mode)
        weights = functional.tips_phase_weights(features, self.score_scale, self.stride)
        if self.training and self.observer is not None:
            self.observer(x, features, weights)
        return functional.mix_phases(x, weights, self.stride)
