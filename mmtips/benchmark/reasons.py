# Copyright (c) mmtips authors. All rights reserved.
"""Why goals are missed where they are: texts whose figures come from the same results."""

from collections.abc import Callable, Mapping
from typing import Any

from mmtips.benchmark.growth import COPY, exponent_of, growth
from mmtips.benchmark.settings import Setting

Results = Mapping[str, dict[str, Any]]
#: What the goals on growth are missed for, by axis.
GROWTH = dict(pixels='growth in pixels', channels='growth in channels')


def _pixels(results: Results, profiles: Results) -> str:  # noqa: ARG001
    of = results[f'growth-{Setting().name}']
    copy = exponent_of(of, COPY, 'pixels', 'forward')
    more = {kind: exponent_of(of, 'TIPS', 'pixels', kind) - copy for kind in ('forward', 'step')}
    copies = next(series for series in growth(of, 'pixels') if series.name == COPY)
    dearer = copies.ms[-1] / copies.sizes[-1] / (copies.ms[0] / copies.sizes[0])
    return (f'a copy of the input, which does nothing but move memory, grows with exponent {copy:.2f} in the same '
            f"rounds, and TIPS with {more['forward']:.2f} more in the forward and {more['step']:.2f} more in the "
            'training step. Small maps stay in the caches of the processor and large ones do not: copying a pixel of '
            f'the largest map takes {dearer:.0f} times as long as one of the smallest.')


#: A text by the name that a goal gives; of the results and profiles that are there. It is shown where a goal of that
#: name was measured and missed.
REASONS: dict[str, Callable[[Results, Results], str]] = {
    GROWTH['pixels']: _pixels,
}
