# Copyright (c) mmtips authors. All rights reserved.
"""What operators that keep one phase per sample have in common: filter, choose, keep, and share the choice."""

from collections.abc import Callable

from torch import Tensor

from mmtips.downsampling import functional
from mmtips.downsampling.base import Downsampler
from mmtips.downsampling.choosers import LearnedChooser, NormChooser, SharedChoice

#: Called in every forward with the phase weights, ``(N, s*s)``: one-hot where the choice is hard.
Listener = Callable[[Tensor], None]


class PhaseSelector(Downsampler):
    """Filter at full resolution, choose one phase per sample, keep it.

    A subclass sets ``chooser`` and may filter in :meth:`filter`. With a filter and a chooser that move with
    the input the operator is exactly equivariant to circular shifts.
    """

    keeps_max = True
    chooser: NormChooser | LearnedChooser | SharedChoice

    def __init__(self, channels: int, stride: int = 2) -> None:
        super().__init__(channels, stride)
        #: Who wants to know the choice: other branches of the block, and the decoder that puts it right again.
        self.listeners: list[Listener] = []

    @property
    def shares_phase(self) -> bool:
        """Whether one phase is kept per sample, which the branches of a block must share."""
        return True

    def follow(self, leader: Downsampler | None) -> None:
        """Keep the phases that ``leader`` keeps; the own chooser goes."""
        if not self.shares_phase:
            return
        if not isinstance(leader, PhaseSelector) or not leader.shares_phase:
            there = 'no operator' if leader is None else f'a {type(leader).__name__} without one phase per sample'
            raise ValueError(f'{type(self).__name__} on a branch of a block keeps the phase of the branch that runs '
                             f'first, and that has {there}: give both the same operator')
        if leader.stride != self.stride or leader.chooser.guarantee != self.chooser.guarantee:
            raise ValueError(f'{type(self).__name__} of stride {self.stride} cannot keep the phase that the '
                             f'{type(leader).__name__} of stride {leader.stride} on the branch that runs first chose: '
                             'give both the same operator')
        shared = SharedChoice(leader.chooser)
        leader.listeners.append(shared.put)
        self.chooser = shared

    def filter(self, x: Tensor) -> Tensor:
        """What is done before the choice, ``(N, C, H, W) -> (N, C, H, W)``."""
        return x

    def filter_window(self, x: Tensor) -> tuple[Tensor, int] | None:  # noqa: ARG002
        """The window of :meth:`filter`, ``(N or 1, C or 1, t, t)``, and how many pixels before a position it begins.

        None if it is not known; a subclass that knows it says so.
        """
        return None

    def cells(self, x: Tensor) -> Tensor:
        """Completed circularly."""
        return functional.extend_to_multiple(x, self.stride, 'circular')

    def cell_weights(self, x: Tensor) -> Tensor | None:
        """The window of the filter at the pixel that is kept; None on a branch whose leader did not run yet."""
        x = self.cells(x)
        window = self.filter_window(x)
        if window is None:
            return None
        chooser = self.chooser
        choice = chooser.peek() if isinstance(chooser, SharedChoice) else chooser(self.filter(x), self.stride)
        if choice is None:
            return None
        taps, start = window
        choice = choice if choice.dim() == 3 else choice[:, None]
        return functional.choice_on_cell(choice, taps, self.stride, start)[..., None, None]

    def reduce(self, x: Tensor) -> Tensor:
        """Filter, choose, keep."""
        x = self.filter(self.cells(x))
        weights = self.chooser(x, self.stride)
        for listener in self.listeners:
            listener(weights)
        if self.chooser.soft:
            return functional.mix_phases(x, weights[:, None].expand(-1, self.channels, -1), self.stride)
        return functional.select_phase(x, weights.argmax(-1), self.stride)


class AntialiasedSelector(PhaseSelector):
    """A selector whose filter is binomial, the same everywhere; a subclass sets ``chooser``.

    Args:
        channels: Channels C of the input.
        stride: The stride s >= 2.
        antialias: Taps per side of the filter, 1 to 7; 1 is none.
        padding_mode: Border of the filter.

    Raises:
        ValueError: If an option is out of its range.
    """

    kernel: Tensor

    def __init__(self, channels: int, stride: int, antialias: int, padding_mode: str) -> None:
        super().__init__(channels, stride)
        self.padding_mode = functional.check_padding_mode(padding_mode)
        self.register_buffer('kernel', functional.binomial_filter(antialias, 'antialias').float(), persistent=False)

    @property
    def guarantee(self) -> str:
        """What the chooser leaves, if the filter moves with the input."""
        filtered = self.kernel.numel() > 1
        return 'none' if filtered and self.padding_mode != 'circular' else self.chooser.guarantee

    @property
    def window_taps(self) -> int:
        """The cell, of whose pixels one is kept, and around it the filter."""
        return self.stride + len(self.kernel) - 1

    @property
    def keeps_constants(self) -> bool:
        """Where the border of the filter is no zeros."""
        return self.padding_mode != 'zeros' or self.kernel.numel() == 1

    def filter(self, x: Tensor) -> Tensor:
        """The binomial filter at stride 1."""
        return functional.blur(x, self.kernel, 1, self.padding_mode)

    def filter_window(self, x: Tensor) -> tuple[Tensor, int]:
        """Its taps."""
        return self.kernel.to(x)[None, None], functional.window_start(len(self.kernel), 1)
