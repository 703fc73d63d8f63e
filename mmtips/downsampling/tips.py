# Copyright (c) mmtips authors. All rights reserved.
"""TIPS: translation invariant polyphase sampling, as published and beyond."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from mmtips.arguments import check_integer
from mmtips.downsampling import functional, kernels
from mmtips.downsampling.choosers import LearnedChooser, NormChooser
from mmtips.downsampling.registry import DOWNSAMPLERS
from mmtips.downsampling.selection import PhaseSelector

ANCHORS = ('norm', 'learned')
#: Options by name, of forms that kept what they promise in the final runs of docs/evidence.md; ``taps`` is twice the
#: stride beside them, at most 7.
PRESETS: dict[str, dict[str, Any]] = {'equivariant': dict(anchor='norm', keep_max=True)}


class Observer(Protocol):
    """Who wants to see the weights of a training forward, and how well the features predict a shifted input.

    Attributes:
        mode: What moves into the shifted input, see :func:`functional.shift_map`.
    """

    mode: str

    def undo_shift(self, size: Sequence[int]) -> Tensor | None:
        """Rows and columns by which the input ``(N, C, *size)`` is shifted, ``(2,)`` int64; None for no prediction."""

    def __call__(self, phase_weights: Tensor, undo: Tensor) -> None:
        """See tau, ``(N, C, s*s)``, and the mean squared error of the prediction, a scalar, 0 without one."""


@DOWNSAMPLERS.register_module()
class TIPS(PhaseSelector):
    """Translation invariant polyphase sampling (Saha & Gokhale, WACV 2025, Sec. 3); without options as published.

    A depthwise 3x3 convolution and a ReLU give features psi; their means over an s x s grid of image regions, scaled
    per channel, go through a softmax and become the weights tau with which the s*s phases are mixed, for every sample
    and channel. Odd maps are extended by reflection on the left and top. Two parameters: ``score_weight`` with 9C and
    ``score_scale`` with C values.

    Despite the name the published operator guarantees nothing under shifts: the weights come from image regions rather
    than from phases, and any soft mix of phases moves off the grid at odd shifts. What robustness it has it learns,
    through the losses that :class:`mmtips.losses.TIPSLossHook` adds. The options, which are ours, repair that:

    * ``scores='phase'`` scores each phase by its own pixels: the spatial mean of the output is safe (``'pooled'``);
    * ``taps`` > s spreads the weights over a window that overlaps its neighbours, so that the mix can low-pass;
    * ``keep_max`` leaves a max pool its maximum, and takes over its stride alone;
    * ``anchor`` makes it exactly equivariant. Seen as a filter, TIPS is an s x s window of adaptive taps that is read
      off at phase 0. With taps from scores of the whole map the filter moves with the input, and so does the result if
      it is read off at a phase that moves with the input: one per sample, shared by the branches of a block.

    Deviations from the released code: scores and phases are paired row-major (the code swaps the two middle phases,
    so that weights trained with it compute something else here); any stride; no random shift is drawn here, the losses
    draw it.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
        preset: One of :data:`PRESETS`, whose options count where no other is given; None for the published operator.
        scores: ``'quadrant'`` (published), ``'phase'`` or ``'global'``, see :func:`functional.average_regions`; with
            an anchor always ``'global'``.
        taps: Taps per side of the window, s to 7; s if not given, as published.
        anchor: How the phase is chosen: ``'norm'`` (the largest norm, as APS), ``'learned'`` (as LPS), or None.
        padding_mode: Border of the 3x3 convolution and of a window with ``taps`` > s; if not given zeros, as published,
            for ``'quadrant'`` scores, and else circular, which the guarantees need.
        keep_max: Whether the dense maximum of a max pool stays before it, as with BlurPool, APS, LPS and DDAC; as
            published it takes the place of the whole pool.
        score_kernel: Taps per side of the convolution, odd, 1 to 7; 3 as published. Others run in PyTorch's operations,
            not in ours.
        scale_bound: ``score_scale`` starts uniformly in [-bound, bound], bound >= 0: 1 as published. With 0 all phases
            weigh alike at first, which with ``taps`` is BlurPool, and what is learned is the rest.

    Raises:
        ValueError: If an option is out of its range.
    """

    def __init__(self, channels: int, stride: int = 2, *, preset: str | None = None, scores: str | None = None,
                 taps: int | None = None, anchor: str | None = None, padding_mode: str | None = None,
                 keep_max: bool | None = None, score_kernel: int = 3, scale_bound: float = 1.0) -> None:
        super().__init__(channels, stride)
        usual = _preset_options(preset, self.stride)
        taps, anchor = usual.get('taps') if taps is None else taps, usual.get('anchor') if anchor is None else anchor
        _check_options(stride, scores, taps, anchor, score_kernel, scale_bound)
        self.scale_bound = scale_bound
        self.keeps_max = bool(usual.get('keep_max') if keep_max is None else keep_max)
        self.scores = scores or ('quadrant' if anchor is None else 'global')
        self.taps = taps or stride
        self.anchor = anchor
        border = 'zeros' if self.scores == 'quadrant' else 'circular'
        self.padding_mode = functional.check_padding_mode(padding_mode or border)
        if anchor is not None:
            self.chooser = NormChooser() if anchor == 'norm' else LearnedChooser(channels, channels)
        self.score_weight = nn.Parameter(torch.empty(channels, 1, score_kernel, score_kernel))
        self.score_scale = nn.Parameter(torch.empty(channels, stride**2) if self.scores == 'global' else
                                        torch.empty(channels))
        #: Whoever wants to see psi and tau in training sets this; it is never called in eval.
        self.observer: Observer | None = None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The default initialisation of the two convolutions, uniform within 1/sqrt(fan in); see ``scale_bound``."""
        bound = 1 / self.score_weight.shape[-1]
        nn.init.uniform_(self.score_weight, -bound, bound)
        nn.init.uniform_(self.score_scale, -self.scale_bound, self.scale_bound)

    @property
    def guarantee(self) -> str:
        """None as published; see the options."""
        reaches = self.anchor is not None or self.taps > self.stride or self.score_weight.shape[-1] > 1
        if reaches and self.padding_mode != 'circular':
            return 'none'
        return 'equivariant' if self.anchor is not None else 'pooled' if self.scores == 'phase' else 'none'

    @property
    def window_taps(self) -> int:
        """The taps; with an anchor around each pixel of the cell."""
        return self.taps if self.anchor is None else self.stride + self.taps - 1

    @property
    def keeps_constants(self) -> bool:
        """Yes: a convex mix; but a window that reaches over the border may meet zeros there."""
        return self.padding_mode != 'zeros' or (self.anchor is None and self.taps == self.stride)

    @property
    def shares_phase(self) -> bool:
        """Only with an anchor."""
        return self.anchor is not None

    def mix(self, x: Tensor, step: int) -> Tensor:
        """Filter with the adaptive windows in steps; in training, the observer sees what they come from."""
        observer = self.observer if self.training else None
        shift, mode = (observer.undo_shift(x.shape[-2:]), observer.mode) if observer else (None, 'standard')
        options = kernels.Options(self.stride, self.taps, step, self.scores, self.padding_mode, mode)
        mixed, means, undo = kernels.adaptive_mix(x, self.score_weight, self.score_scale, options, shift)
        if observer is not None:
            observer(functional.weights_from_means(means, self.score_scale), undo)
        return mixed

    def filter(self, x: Tensor) -> Tensor:
        """The windows at full resolution."""
        return self.mix(x, 1)

    def filter_window(self, x: Tensor) -> tuple[Tensor, int]:
        """The adaptive windows, ``(N, C, taps, taps)``."""
        windows = functional.tips_windows(x, self.score_weight, self.score_scale, self.stride, self.taps, self.scores,
                                          self.padding_mode)
        return windows, functional.window_start(self.taps, self.stride)

    def cells(self, x: Tensor) -> Tensor:
        """Completed by reflection; with an anchor circularly."""
        return functional.extend_to_multiple(x, self.stride) if self.anchor is None else super().cells(x)

    def cell_weights(self, x: Tensor) -> Tensor | None:
        """Tau itself as published; else the taps that fall on the cell."""
        if self.anchor is not None:
            return super().cell_weights(x)
        windows, start = self.filter_window(self.cells(x))
        return functional.crop_to_cell(windows, self.stride, start, start).flatten(-2)[..., None, None]

    def reduce(self, x: Tensor) -> Tensor:
        """Mix the phases of ``x``."""
        if self.anchor is not None:
            return super().reduce(x)
        return self.mix(self.cells(x), self.stride)


def _preset_options(preset: str | None, stride: int) -> dict[str, Any]:
    if preset is None:
        return {}
    if preset not in PRESETS:
        raise ValueError(f'preset: expected one of {tuple(PRESETS)} or None, got {preset!r}')
    taps = min(2 * stride, 7)
    return dict(PRESETS[preset], taps=taps if taps > stride else None)


def _check_options(stride: int, scores: str | None, taps: int | None, anchor: str | None, score_kernel: int,
                   scale_bound: float) -> None:
    if scores is not None and scores not in functional.SCORES:
        raise ValueError(f'scores: expected one of {functional.SCORES}, got {scores!r}')
    if anchor is not None and anchor not in ANCHORS:
        raise ValueError(f'anchor: expected one of {ANCHORS} or None, got {anchor!r}')
    if anchor is not None and scores not in (None, 'global'):
        raise ValueError("scores: with an anchor the taps must not depend on the phase: expected 'global', got "
                         f'{scores!r}')
    if check_integer('score_kernel', score_kernel, 1, 7) % 2 == 0:
        raise ValueError(f'score_kernel: expected an odd number from 1 to 7, got {score_kernel!r}')
    if not isinstance(scale_bound, (int, float)) or not 0 <= scale_bound < math.inf:
        raise ValueError(f'scale_bound: expected a number >= 0, got {scale_bound!r}')
    if taps is not None:
        check_integer('taps', taps, stride, 7)
