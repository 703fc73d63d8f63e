# Copyright (c) mmtips authors. All rights reserved.
"""The TIPS losses and the agreement of shifted views, and the hooks that add them to a host's training."""

from mmtips.losses.agreement import (
    Crops,
    agreement_loss,
    crop_overlap,
    crop_pair,
    crop_samples,
    draw_crops,
    extend_batch,
    views_agreement,
)
from mmtips.losses.agreement_hook import ShiftAgreementHook
from mmtips.losses.functional import (
    combine_losses,
    feature_mixing_loss,
    scale_losses,
    shift_amounts,
    shift_map,
    undo_loss,
)
from mmtips.losses.hook import TIPSLossHook
from mmtips.losses.recorder import LossRecorder

__all__ = [
    'Crops', 'LossRecorder', 'ShiftAgreementHook', 'TIPSLossHook', 'agreement_loss', 'combine_losses', 'crop_overlap',
    'crop_pair', 'crop_samples', 'draw_crops', 'extend_batch', 'feature_mixing_loss', 'scale_losses', 'shift_amounts',
    'shift_map', 'undo_loss', 'views_agreement'
]
