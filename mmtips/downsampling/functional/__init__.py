# Copyright (c) mmtips authors. All rights reserved.
"""Pure functions behind the operators.

Conventions, said once for the whole project:

* A feature map is ``x: (N, C, H, W)``, any floating dtype; ``s`` is the stride, an integer >= 2.
* The phases of an s-fold split are ``(N, C, s*s, H/s, W/s)``: phase ``i*s + j`` holds the pixels with row offset ``i``
  and column offset ``j`` (row-major, the order of ``torch.nn.functional.pixel_unshuffle``).
* ``padding_mode`` takes torch's words: ``'zeros'``, ``'reflect'``, ``'replicate'``, ``'circular'``.
* Sizes are computed with non-negative operands only, because ONNX division truncates where Python's floors.
"""

from mmtips.downsampling.functional.adaptive import (
    choice_on_cell,
    crop_to_cell,
    location_filter,
    mix_phases,
    spread_over_taps,
    window_mix,
)
from mmtips.downsampling.functional.filters import (
    PADDING_MODES,
    binomial_filter,
    blur,
    check_padding_mode,
    depthwise_conv,
    pad_border,
    strided_conv,
    window_start,
    wrap_border,
)
from mmtips.downsampling.functional.phases import (
    NORMS,
    extend_to_multiple,
    phase_logits,
    phase_scores,
    select_phase,
    split_phases,
)
from mmtips.downsampling.functional.spd import space_to_depth_conv, space_to_depth_weight
from mmtips.downsampling.functional.tips import SCORES, tips, tips_features, tips_phase_weights

__all__ = [
    'NORMS', 'PADDING_MODES', 'SCORES', 'binomial_filter', 'blur', 'check_padding_mode', 'choice_on_cell',
    'crop_to_cell', 'depthwise_conv', 'extend_to_multiple', 'location_filter', 'mix_phases', 'pad_border',
    'phase_logits', 'phase_scores', 'select_phase', 'space_to_depth_conv', 'space_to_depth_weight', 'split_phases',
    'spread_over_taps', 'strided_conv', 'tips', 'tips_features', 'tips_phase_weights', 'window_mix', 'window_start',
    'wrap_border'
]
