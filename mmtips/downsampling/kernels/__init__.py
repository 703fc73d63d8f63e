# Copyright (c) mmtips authors. All rights reserved.
"""How TIPS is computed when it runs: in one operation, in pieces that fit the cache or the GPU.

``functional`` says what it computes, in plain PyTorch. ``native`` (C, for CPUs), ``triton`` (for GPUs) and ``portable``
(PyTorch's own operations, for everything else) compute the same with little memory, and its gradient; ``ops`` registers
that with PyTorch and chooses.
"""

from mmtips.downsampling.kernels.ops import adaptive_mix
from mmtips.downsampling.kernels.options import Options

__all__ = ['Options', 'adaptive_mix']
