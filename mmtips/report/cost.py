# Copyright (c) mmtips authors. All rights reserved.
"""What a model costs: parameters, multiply-adds, latency."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from mmengine.analysis import get_model_complexity_info
from torch import nn


def elapsed_ms(call: Callable[[], Any], device: torch.device) -> float:
    """Milliseconds that a call takes, with all that it started on a GPU."""
    start = time.perf_counter()
    call()
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
    return 1000 * (time.perf_counter() - start)


@torch.no_grad()
def measure_cost(model: nn.Module, input_shape: tuple[int, int, int], repeats: int = 100,
                 seconds: float = 10.) -> dict[str, Any]:
    """Count and time one image's way through a model, without pre- and postprocessing.

    Args:
        model: A segmentor or classifier; it is put into eval.
        input_shape: Channels, height and width of the image.
        repeats: Timed forwards, after three to warm up; by default a second or two of a small network.
        seconds: Fewer, but three at least, where they would take longer than that.

    Returns:
        ``parameters``; ``gmacs``, 10^9 multiply-adds as mmengine counts them (published tables call this GFLOPs);
        ``input_shape``; ``latency_ms`` with the ``median`` and the quartiles ``low`` and ``high`` of so
        many ``forwards``.
    """
    model.eval()
    device = next(model.parameters()).device
    image = torch.zeros(1, *input_shape, device=device)
    analysis = get_model_complexity_info(model, inputs=(image, ), show_table=False, show_arch=False)
    warm = [elapsed_ms(lambda: model(image), device) for _ in range(3)]
    repeats = max(3, min(repeats, int(1000 * seconds / max(min(warm), 1e-6))))
    times = [elapsed_ms(lambda: model(image), device) for _ in range(repeats)]
    low, median, high = statistics.quantiles(times, n=4)
    return dict(
        parameters=sum(p.numel() for p in model.parameters()),
        gmacs=analysis['flops'] / 1e9,
        input_shape=list(input_shape),
        latency_ms=dict(median=median, low=low, high=high, forwards=repeats))
