# Copyright (c) mmtips authors. All rights reserved.
"""Under which conditions a suite is measured."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmtips.arguments import check_integer

DEVICES = ('cpu', 'cuda')
#: Plain: parameters and input have this type. Autocast: they are float32, and the operations choose.
DTYPES = ('float32', 'bfloat16', 'float16', 'bfloat16-autocast', 'float16-autocast')
LAYOUTS = {'contiguous': torch.contiguous_format, 'channels_last': torch.channels_last}
MODES = ('eager', 'compiled')


@dataclass(frozen=True)
class Setting:
    """The conditions of a measurement.

    Attributes:
        device: One of :data:`DEVICES`.
        dtype: One of :data:`DTYPES`.
        layout: Memory format of parameters and input, one of :data:`LAYOUTS`.
        mode: One of :data:`MODES`; compiled by ``torch.compile`` with its usual backend, for the shape at hand.
        threads: Threads of the CPU, >= 1.

    Raises:
        ValueError: If a value is none of these.
    """

    device: str = 'cpu'
    dtype: str = 'float32'
    layout: str = 'contiguous'
    mode: str = 'eager'
    threads: int = 1

    def __post_init__(self) -> None:
        known = dict(device=DEVICES, dtype=DTYPES, layout=tuple(LAYOUTS), mode=MODES)
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise ValueError(f'{name}: expected one of {values}, got {getattr(self, name)!r}')
        check_integer('threads', self.threads, 1)

    @property
    def name(self) -> str:
        """What files are called after: ``cpu-float32-t1``, ``cuda-bfloat16-channels_last-compiled``."""
        parts = [self.device, self.dtype, '' if self.layout == 'contiguous' else self.layout,
                 '' if self.mode == 'eager' else self.mode, f't{self.threads}' if self.device == 'cpu' else '']
        return '-'.join(filter(None, parts))

    @property
    def said(self) -> str:
        """The same in words, without the device and the threads, which a result's ``run`` names."""
        dtype, autocast = self.dtype.removesuffix('-autocast'), self.dtype.endswith('-autocast')
        return f"{'float32 with autocast to ' if autocast else ''}{dtype}, {self.layout}, {self.mode}"

    @property
    def tensor_dtype(self) -> torch.dtype:
        """The type of parameters and input."""
        return torch.float32 if self.dtype.endswith('-autocast') else getattr(torch, self.dtype)

    def autocast(self) -> AbstractContextManager:
        """The context in which a forward runs."""
        if not self.dtype.endswith('-autocast'):
            return nullcontext()
        return torch.autocast(self.device, getattr(torch, self.dtype.removesuffix('-autocast')))

    def place(self, module: nn.Module) -> nn.Module:
        """A module on the device, in type and layout; not compiled."""
        return module.to(self.device, self.tensor_dtype).to(memory_format=LAYOUTS[self.layout])

    def draw(self, shape: tuple[int, ...], seed: int = 0) -> Tensor:
        """A normal input ``(N, C, H, W)`` from a generator of its own, the same on every device."""
        x = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        return x.to(self.device, self.tensor_dtype, memory_format=LAYOUTS[self.layout])
