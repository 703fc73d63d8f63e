# Copyright (c) mmtips authors. All rights reserved.
"""The contract that every downsampling operator keeps."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from mmtips.arguments import check_integer

GUARANTEES = ('none', 'pooled', 'equivariant')


class Downsampler(nn.Module, ABC):
    """Base of the operators: ``(N, C, H, W) -> (N, C, ceil(H/s), ceil(W/s))``, a tensor and nothing else.

    A subclass implements :meth:`reduce` and declares what circular shifts of its input cannot change:

    * ``'none'``: it may learn to be robust, nothing is promised;
    * ``'pooled'``: the spatial mean of the output stays (for sizes that are multiples of the stride);
    * ``'equivariant'``: the output moves with the input.

    Parameters are raw ``nn.Parameter`` objects initialised in the constructor: the hosts' Kaiming initialisation
    re-initialises any inner ``nn.Conv2d``. Nothing random and nothing extra happens in eval.

    Args:
        channels: Channels C of the input, >= 1.
        stride: The factor s by which height and width are divided, an integer >= 2.

    Raises:
        ValueError: If an argument is out of its range.
    """

    #: Whether the dense maximum (stride 1) of a max pool that it replaces stays before it, as its authors have it.
    keeps_max: bool = False
    #: Kernel of that maximum; None for the kernel of the pool that it replaces.
    max_kernel: int | None = None

    def __init__(self, channels: int, stride: int = 2) -> None:
        super().__init__()
        self.channels = check_integer('channels', channels, 1)
        if stride == 1:
            raise ValueError('stride: expected an integer >= 2, got 1: nothing is downsampled, leave the operator out')
        self.stride = check_integer('stride', stride, 2)

    @property
    def guarantee(self) -> str:
        """One of :data:`GUARANTEES`; a class attribute will do where no option decides."""
        return 'none'

    @property
    def aliases(self) -> bool:
        """Whether it keeps single pixels of a map that nothing has filtered, nor follows them where they move."""
        return False

    @property
    def window_taps(self) -> int:
        """Pixels per side of the window that an output is made of, which begins where ``window_start`` says."""
        return self.stride

    @property
    def keeps_constants(self) -> bool:
        """Whether constant channels keep their values, whatever the parameters, as in a weighted mean."""
        return False

    def forward(self, x: Tensor) -> Tensor:
        """Check the input and reduce it.

        Args:
            x: ``(N, C, H, W)``, floating, with H, W >= stride.

        Returns:
            ``(N, C, ceil(H/s), ceil(W/s))`` in the dtype of ``x`` (in autocast: of the convolution).

        Raises:
            ValueError: If the shape does not fit.
        """
        name = type(self).__name__
        if x.dim() != 4 or x.shape[1] != self.channels:
            raise ValueError(f'{name}: expected an input of shape (N, {self.channels}, H, W), got {tuple(x.shape)}')
        if x.shape[-2] < self.stride or x.shape[-1] < self.stride:
            raise ValueError(f'{name}: the map of {tuple(x.shape[-2:])} pixels is smaller than the stride '
                             f'{self.stride}: use a larger input or fewer downsampling steps')
        return self.reduce(x)

    def follow(self, leader: 'Downsampler | None') -> None:
        """Take over what the branches of one block must share from the operator of the branch that runs first.

        Nothing by default. Operators that select a phase share its index: branches that keep different phases no longer
        belong together.

        Args:
            leader: That operator; None if that branch has none.

        Raises:
            ValueError: If there is something to share and ``leader`` does not have it.
        """

    @classmethod
    def from_conv(cls, convolution: nn.Conv2d) -> nn.Module | None:  # noqa: ARG003
        """What takes the place of a strided convolution; None if the operator runs after it, as most do."""
        return None

    def cells(self, x: Tensor) -> Tensor:
        """The map that begins where the first s x s cell does: output (i, j) belongs to its cell (i, j).

        Args:
            x: ``(N, C, H, W)``, an input.

        Returns:
            ``x`` itself where cells begin with the map, and the last ones may be incomplete; extended on the left and
            top by operators that complete the cells there.
        """
        return x

    def mixing_weights(self, x: Tensor) -> Tensor | None:
        """In which proportions the outputs mix the pixels of their own cells, for inspection in eval.

        Pixels beyond the cell count for nothing: where a window is larger than the cell, the weights on the cell sum to
        less than 1. Border padding, which folds some of them back, is left out of account.

        Args:
            x: ``(N, C, H, W)``, the input of a forward that is about to run: branches that share a phase learn it from
                the one that ran before.

        Returns:
            ``(N or 1, C or 1, s*s, h, w)`` over the pixels of :meth:`cells`, row-major, with h, w either 1 or the size
            of the output; if all taps lie in the cell, ``sum(weights * phases)`` is the output. None in training, and
            for operators that mix in no proportions: learned taps of any sign and gain (StridedConv), mixes of channels
            (SPDConv), and any operator that does not implement :meth:`cell_weights`.
        """
        return None if self.training else self.cell_weights(x)

    def cell_weights(self, x: Tensor) -> Tensor | None:  # noqa: ARG002
        """The weights of :meth:`mixing_weights`; None if this operator has none."""
        return None

    @abstractmethod
    def reduce(self, x: Tensor) -> Tensor:
        """The operator itself, on a checked input."""

    def extra_repr(self) -> str:
        """Channels, stride and guarantee, for ``print(model)``."""
        return f'{self.channels}, stride={self.stride}, guarantee={self.guarantee!r}'
