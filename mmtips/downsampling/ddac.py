# Copyright (c) mmtips authors. All rights reserved.
"""DDAC: low-pass filters predicted for every location."""

import math

import torch
from torch import Tensor, nn

from mmtips.arguments import check_integer
from mmtips.downsampling import functional
from mmtips.downsampling.base import Downsampler
from mmtips.downsampling.registry import DOWNSAMPLERS


@DOWNSAMPLERS.register_module()
class DDAC(Downsampler):
    """Delving deeper into anti-aliasing (Zou et al., BMVC 2020, Sec. 3): predicted k x k filters, then stride.

    A convolution with batch norm predicts, at every location, one k x k filter for each of g groups of channels; a
    softmax makes it a low-pass filter.

    Deviations from the released code: the softmax runs over the taps of each group, so that constants stay, where the
    code's runs over all groups at once and divides the mean by g (``legacy``); filters are predicted only where the
    stride keeps an output, which changes the batch statistics in training and nothing in eval.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
        groups: Groups g of channels; the greatest common divisor of it and C is used. 8 was best in the paper.
        filter_size: Taps k per side, 3 or 5 in the paper, at least 2.
        padding_mode: Border of both the prediction and the filter; reflection as published.
        legacy: The softmax over all groups, which published weights need: the gain is 1/g.

    Raises:
        ValueError: If an option is out of its range.
    """

    keeps_max = True

    def __init__(self, channels: int, stride: int = 2, *, groups: int = 8, filter_size: int = 3,
                 padding_mode: str = 'reflect', legacy: bool = False) -> None:
        super().__init__(channels, stride)
        self.groups = math.gcd(check_integer('groups', groups, 1), channels)
        self.filter_size = check_integer('filter_size', filter_size, 2)
        self.padding_mode = functional.check_padding_mode(padding_mode)
        self.legacy = legacy
        taps = self.groups * filter_size**2
        self.filter_weight = nn.Parameter(torch.empty(taps, channels, filter_size, filter_size))
        self.norm = nn.BatchNorm2d(taps)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Kaiming initialisation (fan out, ReLU), as published."""
        nn.init.kaiming_normal_(self.filter_weight, mode='fan_out', nonlinearity='relu')

    @property
    def window_taps(self) -> int:
        """Those of the filters."""
        return self.filter_size

    @property
    def keeps_constants(self) -> bool:
        """Not with the gain of the released code, nor where the border is zeros."""
        return self.padding_mode != 'zeros' and not (self.legacy and self.groups > 1)

    def predict_taps(self, x: Tensor) -> Tensor:
        """The predicted filters, ``(N, g, k*k, ceil(H/s), ceil(W/s))``."""
        logits = self.norm(functional.strided_conv(x, self.filter_weight, self.stride, self.padding_mode))
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        size = self.filter_size**2
        return logits.softmax(1).unflatten(1, (-1, size)) if self.legacy else logits.unflatten(1, (-1, size)).softmax(2)

    def cell_weights(self, x: Tensor) -> Tensor:
        """The taps of the filters that fall on the cell, for every location."""
        start = functional.window_start(self.filter_size, self.stride)
        windows = self.predict_taps(x).movedim(2, -1).unflatten(-1, (self.filter_size, self.filter_size))
        on_cell = functional.crop_to_cell(windows, self.stride, start, start).flatten(-2).movedim(-1, 2)
        return on_cell.repeat_interleave(self.channels // self.groups, 1)

    def reduce(self, x: Tensor) -> Tensor:
        """Predict the filters and apply them."""
        return functional.location_filter(x, self.predict_taps(x), self.stride, self.padding_mode)
