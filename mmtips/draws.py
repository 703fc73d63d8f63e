# Copyright (c) mmtips authors. All rights reserved.
"""What is drawn at random: from a generator for each draw, so that nothing depends on what was drawn before."""

import torch
from torch import Tensor


def generator_of(seed: int, index: int) -> torch.Generator:
    """The generator of one of many draws: of an image, or of an iteration.

    Args:
        seed: Seed of all of them.
        index: Which of them, >= 0; two draws of two seeds share no generator below a million of them.

    Returns:
        A generator on the CPU.
    """
    return torch.Generator().manual_seed((seed * 1_000_003 + index) % 2**63)


def draw_pairs(places: int, pairs: int, distinct: bool, generator: torch.Generator) -> Tensor:
    """Draw pairs of places, each equally likely.

    Args:
        places: How many places there are.
        pairs: How many pairs.
        distinct: Whether the two of a pair must differ; then there are two places at least.
        generator: Source of the draw.

    Returns:
        ``(pairs, 2)`` int64, from 0 to ``places - 1``.
    """
    first = torch.randint(places, (pairs, ), generator=generator)
    step = torch.randint(int(distinct), places, (pairs, ), generator=generator)
    return torch.stack([first, (first + step) % places], dim=1)


def crop_size(size: tuple[int, int], reach: int, size_divisor: int = 1) -> tuple[int, int]:
    """The largest crop that every shift leaves inside an image.

    Args:
        size: Height and width of the image.
        reach: Largest shift in pixels, >= 1.
        size_divisor: The sides of a crop are multiples of this.

    Returns:
        Height and width.

    Raises:
        ValueError: If two such crops need not overlap.
    """
    height, width = ((side - 2 * reach) // size_divisor * size_divisor for side in size)
    if min(height, width) <= 2 * reach:
        divided = f' or size_divisor={size_divisor}' if size_divisor > 1 else ''
        raise ValueError(f'shifts of up to {reach} pixels leave views of {height} x {width} pixels of images of '
                         f'{size[0]} x {size[1]}, and two of them need not overlap: lower max_shift{divided}')
    return height, width
