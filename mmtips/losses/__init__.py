# Copyright (c) mmtips authors. All rights reserved.
"""The TIPS losses, and the hook that adds them to a host's training."""

from mmtips.losses.functional import combine_losses, feature_mixing_loss, shift_amounts, shift_map, undo_loss
from mmtips.losses.hook import TIPSLossHook
from mmtips.losses.recorder import LossRecorder

__all__ = [
    'LossRecorder', 'TIPSLossHook', 'combine_losses', 'feature_mixing_loss', 'shift_amounts', 'shift_map', 'undo_loss'
]
