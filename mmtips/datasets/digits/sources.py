# Copyright (c) mmtips authors. All rights reserved.
"""What scattered digits are made of: scikit-learn's handwritten digits and photographs, cut into disjoint splits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPLITS = ('train', 'val', 'test')
DIGIT_CLASSES = tuple(f'digit {digit}' for digit in range(10))
CLASSES = ('background', *DIGIT_CLASSES)
PALETTE = ((0, 0, 0), (31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (140, 86, 75),
           (227, 119, 194), (127, 127, 127), (188, 189, 34), (23, 190, 207))

# Of each class, the digits from the first to the second share of the file's order. The file goes by writer as far as
# one can tell (docs/datasets.md), so cutting it in blocks keeps most writers of one split out of the others.
DIGIT_SHARES = {'train': (0.0, 0.6), 'val': (0.6, 0.75), 'test': (0.75, 1.0)}
# Of each 640 pixels wide photograph, the columns from the first up to the second. Seeds share both cuts, so that the
# test images of one seed hold nothing that the training images of another have shown.
PHOTO_COLUMNS = {'train': (0, 320), 'val': (320, 464), 'test': (464, 640)}

LICENCES = {
    'digits':
    'E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998 '
    '(the test set, as scikit-learn ships it), CC BY 4.0',
    'photograph china.jpg':
    'danielbuechele, https://www.flickr.com/photos/danielbuechele/6061409035, CC BY 2.0 '
    '(as scikit-learn ships it)',
    'photograph flower.jpg':
    'vultilion, https://www.flickr.com/photos/vultilion/6056698931, CC BY 2.0 (as scikit-learn ships it)',
}


@dataclass(frozen=True)
class Sources:
    """The material of one split.

    Attributes:
        digits: Ink of the digits, of shape (N, 8, 8), dtype float32 and range [0, 1].
        digit_labels: What they show, of shape (N,), dtype int64 and range 0..9.
        photos: One region of each photograph, of shape (427, width, 3), dtype uint8, in RGB order.
    """
    digits: NDArray[np.float32]
    digit_labels: NDArray[np.int64]
    photos: tuple[NDArray[np.uint8], ...]


def check_split(split: str) -> None:
    """Refuse a name that is no split.

    Args:
        split: The name.

    Raises:
        ValueError: If it is none of 'train', 'val' and 'test'.
    """
    if split not in SPLITS:
        raise ValueError(f'split: expected one of {SPLITS}, got {split!r}')


def digit_indices(split: str, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pick the digits of a split: of each class, a block in the order of the file.

    Args:
        split: 'train', 'val' or 'test'.
        labels: The labels of all digits, of shape (N,) and range 0..9.

    Returns:
        The ascending indices of the split's digits, of dtype int64.

    Raises:
        ValueError: If the split is unknown.
    """
    check_split(split)
    blocks = []
    for digit in range(10):
        members = np.flatnonzero(labels == digit)
        first, last = (round(share * len(members)) for share in DIGIT_SHARES[split])
        blocks.append(members[first:last])
    return np.sort(np.concatenate(blocks))


def load_sources(split: str) -> Sources:
    """Load the digits and photograph regions of a split.

    Args:
        split: 'train', 'val' or 'test'.

    Returns:
        The material, from which nothing occurs in the other two splits.

    Raises:
        ValueError: If the split is unknown.
    """
    # Imported here because it takes a second that training on finished files need not spend.
    from sklearn.datasets import load_digits, load_sample_images

    check_split(split)
    digits = load_digits()
    chosen = digit_indices(split, digits.target)
    first, last = PHOTO_COLUMNS[split]
    return Sources(
        digits=(digits.images[chosen] / 16).astype(np.float32),
        digit_labels=digits.target[chosen],
        photos=tuple(photo[:, first:last] for photo in load_sample_images().images))
