# Copyright (c) mmtips authors. All rights reserved.
"""What can be counted rather than timed: multiply-adds, kept bytes, bytes that have to move."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmtips.benchmark.released import ReleasedTIPS
from mmtips.downsampling import APS, LPS, TIPS, Downsampler


@torch.no_grad()
def macs(module: nn.Module, x: Tensor) -> int:
    """Multiply-adds of the convolutions and matrix products of one sample's forward in eval."""
    module.eval()
    with FlopCounterMode(display=False) as counter:
        module(x[:1])
    return counter.get_total_flops() // 2


def saved_bytes(task: nn.Module, x: Tensor) -> int:
    """Bytes that a training forward keeps for its backward: each storage once, without parameters and the input.

    Args:
        task: What gives the losses, put into training.
        x: Its input ``(N, C, H, W)``.

    Returns:
        Bytes. For a layer this is what it keeps beyond the map that the layer before it has made anyway.
    """
    task.train()
    own = {tensor.untyped_storage().data_ptr() for tensor in (x, *task.parameters(), *task.buffers())}
    kept: dict[int, int] = {}
    alive = []  # a freed storage's address could come back as another one's

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        task(x.detach().requires_grad_())
    return sum(kept.values())


def passes(module: nn.Module) -> float | None:
    """How often an operator has to read its input, whatever the implementation.

    A window that slides over the map can do all that is local in one pass; what depends on the whole map cannot start
    before the map has been read to its end.

    * TIPS: 2, one for the weights and one for the mix; with an anchor 3, since the norms of the filtered phases, by
      which the anchor is chosen, need the weights (a learned one as well).
    * APS and LPS: 1 for the choice and the 1/s^2 of the pixels that are kept; 2 behind a low-pass filter.
    * All others (BlurPool, pools, convolutions, DDAC, SPDConv): 1.

    Args:
        module: A layer.

    Returns:
        The number of passes; None if ``module`` is no layer that we know.
    """
    if isinstance(module, TIPS):
        return 2.0 if module.anchor is None else 3.0
    if isinstance(module, ReleasedTIPS):
        return 2.0
    if isinstance(module, (APS, LPS)):
        return 2.0 if module.kernel.numel() > 1 else 1 + 1 / module.stride**2
    return 1.0 if isinstance(module, (Downsampler, nn.Conv2d)) else None


@torch.no_grad()
def minimal_bytes(module: nn.Module, x: Tensor) -> int | None:
    """Bytes that a forward in eval moves at least: the input as often as :func:`passes` says, parameters, the output.

    No implementation can do with less traffic unless the map fits into a cache; so time, this figure and the bandwidth
    of a copy together say how far an implementation is from the floor.

    Args:
        module: A layer.
        x: Its input ``(N, C, H, W)``.

    Returns:
        Bytes; None if ``module`` is no layer that we know.
    """
    reads = passes(module)
    if reads is None:
        return None
    output = module.eval()(x)
    constant = sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))
    return round(reads * x.nbytes) + constant + output.nbytes


def graph_breaks(counters: Any) -> int:
    """How often the compiler gave up and went back to Python, by its own counters (``torch._dynamo``)."""
    return sum(counters['graph_break'].values())
