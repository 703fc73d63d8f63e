# Copyright (c) mmtips authors. All rights reserved.
"""Which images of a data set a batch holds."""

from typing import Any


class ImageOrder:
    """The indices, in the data set, of the images of this process' batches.

    Args:
        dataloader: The loader; its sampler is asked once for an epoch, as it may draw anew.
    """

    def __init__(self, dataloader: Any) -> None:
        self.dataloader = dataloader
        self._indices: list[int] = []

    def of_batch(self, number: int) -> list[int]:
        """The indices of a batch, in its order.

        Args:
            number: Of the batch; an epoch begins with 0.

        Returns:
            As many indices as the batch has images.
        """
        if number == 0:
            self._indices = [int(index) for index in self.dataloader.sampler]
        size = self.dataloader.batch_size
        return self._indices[number * size:(number + 1) * size]
