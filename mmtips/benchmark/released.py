# Copyright (c) mmtips authors. All rights reserved.
"""The yardstick: TIPS by the operations of the released code, each of them materialised.

Written anew from a description of what that code does (sourajitcs/tips: psi, pooling, softmax, stack, shifted copy),
not from its text: the row says what the released operations cost, so that ours can be held against them.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: The largest shift of the released training script, in pixels, whatever the size of the map.
LARGEST_SHIFT = 16


class ReleasedTIPS(nn.Module):
    """TIPS, operation by operation; ``(N, C, H, W) -> (N, C, H/2, W/2)`` for even H and W.

    It differs from :class:`mmtips.downsampling.TIPS` in three ways: the two middle phases are swapped against the
    quadrants that score them; a shifted copy of the input is made in every forward, in eval as well; and the
    gradient of the loss on the features flows into that copy too.

    Args:
        channels: Channels C of the input.
        seed: Seed of the shifts. (The released code draws from NumPy's global generator.)

    Attributes:
        features: psi of the last training forward, ``(N, C, H, W)``.
        target: The shifted copy of the same forward, ``(N, C, H, W)``.
        phase_weights: tau of the same forward, ``(N, C, 4)``.
    """

    def __init__(self, channels: int, seed: int = 0) -> None:
        super().__init__()
        self.score = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.scale = nn.Conv2d(channels, channels, 1, groups=channels, bias=False)
        self.generator = np.random.default_rng(seed)
        self.features = self.target = self.phase_weights = torch.empty(0)

    @torch.compiler.disable(reason='each forward draws its shift on the host, and every shift is a program of its own')
    def forward(self, x: Tensor) -> Tensor:
        """Score, weigh, mix."""
        features = F.relu(self.score(x))
        weights = self.scale(F.adaptive_avg_pool2d(features, 2)).flatten(2).softmax(-1)
        phases = torch.stack([x[..., 0::2, 0::2], x[..., 1::2, 0::2], x[..., 0::2, 1::2], x[..., 1::2, 1::2]], dim=2)
        target = shifted(x, *self.draw(x))
        if self.training:
            self.features, self.target, self.phase_weights = features, target, weights
        return (phases * weights[..., None, None]).sum(2)

    def draw(self, x: Tensor) -> tuple[int, int]:
        """The shift of one forward, rows and columns."""
        rows, columns = (min(LARGEST_SHIFT, side // 4) for side in x.shape[-2:])
        return (int(self.generator.integers(-rows, rows + 1)), int(self.generator.integers(-columns, columns + 1)))

    def losses(self) -> tuple[Tensor, Tensor]:
        """L_FM and L_undo of the last training forward, scalars; the target is not detached, as released."""
        mixing = (1 - torch.linalg.vector_norm(self.phase_weights, dim=-1)).mean()
        return mixing, F.mse_loss(self.features, self.target)

    def forget(self) -> None:
        """Let go of what the losses need."""
        self.features = self.target = self.phase_weights = torch.empty(0)


def shifted(x: Tensor, rows: int, columns: int) -> Tensor:
    """Roll a map, then zero what came in on the other side.

    Args:
        x: ``(N, C, H, W)``.
        rows: Pixels downwards, in (-H, H).
        columns: Pixels to the right, in (-W, W).

    Returns:
        A copy, ``(N, C, H, W)``.
    """
    moved = torch.roll(x, (rows, columns), (-2, -1))
    if rows:
        moved[..., slice(0, rows) if rows > 0 else slice(rows, None), :] = 0
    if columns:
        moved[..., slice(0, columns) if columns > 0 else slice(columns, None)] = 0
    return moved
