# Copyright (c) mmtips authors. All rights reserved.
"""APS: keep the phase of the largest norm."""

from torch import Tensor

from mmtips.downsampling import functional
from mmtips.downsampling.base import Downsampler
from mmtips.downsampling.blur_pool import blur
from mmtips.downsampling.registry import DOWNSAMPLERS
from mmtips.downsampling.selection import NormChooser, PhaseSelector


@DOWNSAMPLERS.register_module()
class APS(PhaseSelector):
    """Adaptive polyphase sampling (Chaman & Dokmanic, CVPR 2021, Sec. 4): one phase per sample over all channels.

    The other branch of a residual block keeps the same phase. Equivariant to circular shifts: exactly, for sizes that
    are multiples of the stride, if the convolutions around it are padded circularly too.

    Deviation from the released code: sizes that are no multiple of the stride are continued circularly on the left and
    top, not on the right and bottom.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
        norm: By which a phase is chosen: ``'l2'``, ``'l1'``, ``'linf'``, or ``'l2_min'`` for the weakest phase.
        antialias: Taps per side of a binomial filter before the choice, 1 to 7; 1 is none.
        padding_mode: Border of that filter.
        per_channel: Choose for each channel by itself. This is the weaker variant that the released code of TIPS
            compares with under the name of APS: channels and branches no longer move together, and what is left is the
            guarantee ``'pooled'``.

    Raises:
        ValueError: If an option is out of its range.
    """

    kernel: Tensor

    def __init__(self, channels: int, stride: int = 2, *, norm: str = 'l2', antialias: int = 1,
                 padding_mode: str = 'circular', per_channel: bool = False) -> None:
        super().__init__(channels, stride)
        self.chooser = NormChooser(norm)
        self.norm = norm
        self.per_channel = per_channel
        self.padding_mode = functional.check_padding_mode(padding_mode)
        self.register_buffer('kernel', functional.binomial_filter(antialias).float(), persistent=False)

    @property
    def guarantee(self) -> str:
        """Equivariant, or pooled per channel, if the filter moves with the input."""
        if self.kernel.numel() > 1 and self.padding_mode != 'circular':
            return 'none'
        return 'pooled' if self.per_channel else 'equivariant'

    def follow(self, leader: Downsampler) -> None:
        """Keep the phases that ``leader`` keeps; per channel there is nothing to share."""
        if not self.per_channel:
            super().follow(leader)

    def filter(self, x: Tensor) -> Tensor:
        """The binomial filter at stride 1."""
        return blur(x, self.kernel, 1, self.padding_mode)

    def reduce(self, x: Tensor) -> Tensor:
        """Filter, choose, keep."""
        if not self.per_channel:
            return super().reduce(x)
        x = self.filter(functional.extend_to_multiple(x, self.stride, 'circular'))
        scores = functional.phase_scores(x.detach(), self.stride, self.norm, per_channel=True)
        return functional.select_phase(x, scores.argmax(-1), self.stride)
