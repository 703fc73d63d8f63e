# Copyright (c) mmtips authors. All rights reserved.
"""What differs between the hosts: where predictions and ground truths are kept, and what their figures are called."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: The hosts' names of the figure that counts as accuracy, in the order of preference.
SCORES = ('mIoU', 'accuracy/top1')


def predict_labels(model: nn.Module, views: Tensor) -> Tensor:
    """Predict a batch of views at their own resolution, with any model of either host.

    Without data samples both hosts synthesise the meta information from the tensor: nothing is cropped or resized back
    to the original file.

    Args:
        model: A segmentor or classifier in eval, not wrapped.
        views: ``(N, C, h, w)``, preprocessed.

    Returns:
        ``(N, h, w)`` int64 labels; ``(N, 1, 1)`` for classifiers.

    Raises:
        TypeError: If the model predicts neither a segmentation nor a class.
        FloatingPointError: If a score is not finite.
    """
    return torch.stack([_labels(sample) for sample in model(views, mode='predict')])


def predict_scores(model: nn.Module, views: Tensor) -> Tensor:
    """Predict a batch of views as :func:`predict_labels` does, but with a score for every class.

    Args:
        model: A segmentor or classifier in eval, not wrapped.
        views: ``(N, C, h, w)``, preprocessed.

    Returns:
        ``(N, K, h, w)``, whose largest score is the label; ``(N, K, 1, 1)`` for classifiers.

    Raises:
        TypeError: If the model predicts no score for each class.
        FloatingPointError: If a score is not finite.
    """
    return torch.stack([_scores(sample) for sample in model(views, mode='predict')])


def _labels(sample: Any) -> Tensor:
    _scores_if_any(sample)
    if hasattr(sample, 'pred_sem_seg'):
        return sample.pred_sem_seg.data.squeeze(0).long()
    if hasattr(sample, 'pred_label'):
        if sample.pred_label.numel() != 1:
            raise TypeError(f'expected one pred_label for each image, got {sample.pred_label.numel()}: the consistency '
                            'of several labels is not defined here')
        return sample.pred_label.reshape(1, 1).long()
    raise TypeError(f'expected predictions with pred_sem_seg (mmseg) or pred_label (mmpretrain), got {type(sample)}')


def _scores(sample: Any) -> Tensor:
    scores = _scores_if_any(sample)
    if scores is None or scores.shape[0] < 2:
        raise TypeError('sub-pixel shifts need a score for every class (seg_logits of mmseg, pred_score of mmpretrain) '
                        'from two classes on, and this model predicts none: use whole pixels')
    return scores


def _scores_if_any(sample: Any) -> Tensor | None:
    if hasattr(sample, 'seg_logits'):
        scores = sample.seg_logits.data
    elif getattr(sample, 'pred_score', None) is not None:
        scores = sample.pred_score.reshape(-1, 1, 1)
    else:
        return None
    if not torch.isfinite(scores).all():
        raise FloatingPointError('the model predicts scores that are not finite (NaN or infinity): its label is no '
                                 'prediction')
    return scores


def ground_truth(sample: Any, size: tuple[int, int]) -> Tensor | None:
    """The ground truth of one sample on the network's grid.

    Test pipelines load annotations at the size of the file: where the image was resized for the network, labels are
    resized with it (nearest).

    Args:
        sample: A host's data sample.
        size: Height and width of the image, without padding, see :func:`image_size`.

    Returns:
        ``size`` int64 labels; ``(1, 1)`` for classification; None if the sample has no single label.
    """
    if hasattr(sample, 'gt_sem_seg'):
        labels = sample.gt_sem_seg.data.reshape(1, 1, *sample.gt_sem_seg.data.shape[-2:])
        if labels.shape[-2:] != size:
            labels = F.interpolate(labels.float(), size=size, mode='nearest')
        return labels[0, 0].long()
    if getattr(sample, 'gt_label', None) is not None and sample.gt_label.numel() == 1:
        return sample.gt_label.reshape(1, 1).long()
    return None


def batch_samples(batch: dict[str, Any], count: int) -> Sequence[Any]:
    """The data samples of a collated batch, as many as it has images."""
    samples = batch.get('data_samples')
    return [None] * count if samples is None else samples


def sample_name(sample: Any, index: int) -> str:
    """What to call an image: its file, or its number."""
    path = getattr(sample, 'img_path', None)
    return str(path) if path else f'image {index}'


def find_score(metrics: Mapping[str, Any]) -> str | None:
    """Which of a host's metrics counts as accuracy: the first of :data:`SCORES` that is there, or None."""
    return next((name for name in SCORES if name in metrics), None)


def percentage(name: str, value: Any) -> float:
    """A score of a host's metric.

    Args:
        name: What the host calls it.
        value: What it said.

    Returns:
        The value, in [0, 100].

    Raises:
        ValueError: If it is no percentage, as without any ground truth.
    """
    score = float(value)
    if not 0 <= score <= 100:  # NaN too
        raise ValueError(f'{name}: expected a percentage, got {score}: does any image have a ground truth?')
    return score


def image_size(batch: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width of the images of a batch, before the data preprocessor pads them at the bottom and on the right.

    Images of different sizes in one batch are refused: some hosts pad them to the size of the largest, so that the
    views of an image would depend on which others happen to share its batch.

    Args:
        batch: As the data loader gives it.

    Returns:
        Height and width.

    Raises:
        ValueError: If the sizes differ, or an image comes several times, as with test-time augmentation.
    """
    inputs = batch['inputs']
    if not all(isinstance(image, Tensor) for image in inputs):
        raise ValueError(f'inputs: expected a tensor for each image, got {type(inputs[0]).__name__}: test-time '
                         'augmentation cannot be measured; take the test pipeline without TestTimeAug')
    sizes = {(int(image.shape[-2]), int(image.shape[-1])) for image in inputs}
    if len(sizes) > 1:
        shown = ' and '.join(f'{height} x {width}' for height, width in sorted(sizes)[:2])
        raise ValueError(f'batch_size: a batch holds images of different sizes ({shown} pixels), which would be padded '
                         'to one size: set test_dataloader.batch_size=1, or resize them alike in the pipeline')
    return sizes.pop()
