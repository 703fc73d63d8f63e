# Copyright (c) mmtips authors. All rights reserved.
"""APS: keep the phase of the largest norm."""

from mmtips.downsampling.choosers import NormChooser
from mmtips.downsampling.registry import DOWNSAMPLERS
from mmtips.downsampling.selection import AntialiasedSelector


@DOWNSAMPLERS.register_module()
class APS(AntialiasedSelector):
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

    def __init__(self, channels: int, stride: int = 2, *, norm: str = 'l2', antialias: int = 1,
                 padding_mode: str = 'circular', per_channel: bool = False) -> None:
        super().__init__(channels, stride, antialias, padding_mode)
        self.chooser = NormChooser(norm, per_channel)

    @property
    def shares_phase(self) -> bool:
        """Not if each channel chooses for itself."""
        return self.chooser.guarantee == 'equivariant'
