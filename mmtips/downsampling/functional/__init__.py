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
    gather_from_taps,
    location_filter,
    mix_phases,
    mix_planes,
    spread_over_taps,
    tap_shares,
    window_mix,
)
from mmtips.downsampling.functional.checks import (
    PADDING_MODES,
    as_autocast,
    check_border,
    check_padding_mode,
    is_recorded,
)
from mmtips.downsampling.functional.filters import (
    binomial_filter,
    blur,
    border_sources,
    depthwise_conv,
    fold_border,
    pad_border,
    strided_conv,
    window_start,
    wrap_border,
)
from mmtips.downsampling.functional.layouts import empty_reduced, is_channels_last
from mmtips.downsampling.functional.phases import (
    NORMS,
    extend_to_multiple,
    phase_logits,
    phase_scores,
    select_phase,
    split_phases,
)
from mmtips.downsampling.functional.shifts import SHIFT_MODES, check_mode, shift_map, shifted_parts
from mmtips.downsampling.functional.spd import space_to_depth_conv, space_to_depth_weight
from mmtips.downsampling.functional.tips import (
    SCORES,
    average_regions,
    count_regions,
    spread_over_regions,
    tips,
    tips_features,
    tips_phase_weights,
    tips_windows,
    weights_from_means,
)

__all__ = [
    'NORMS', 'PADDING_MODES', 'SCORES', 'SHIFT_MODES', 'as_autocast', 'average_regions', 'binomial_filter', 'blur',
    'border_sources', 'check_border', 'check_mode', 'check_padding_mode', 'choice_on_cell',
    'count_regions', 'crop_to_cell', 'depthwise_conv', 'empty_reduced', 'extend_to_multiple', 'fold_border',
    'gather_from_taps', 'is_channels_last', 'is_recorded', 'location_filter', 'mix_phases', 'mix_planes', 'pad_border',
    'phase_logits', 'phase_scores', 'select_phase', 'shift_map', 'shifted_parts', 'space_to_depth_conv',
    'space_to_depth_weight', 'split_phases', 'spread_over_regions', 'spread_over_taps', 'strided_conv', 'tap_shares',
    'tips', 'tips_features', 'tips_phase_weights', 'tips_windows', 'weights_from_means', 'window_mix', 'window_start',
    'wrap_border'
]
