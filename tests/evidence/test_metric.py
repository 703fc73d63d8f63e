# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch

from mmtips.evidence.metric import FOREGROUND, ForegroundIoU, mean_iou, overlap_counts

NAMES = ('background', 'a', 'b', 'never')


def sample(predicted, truth):
    return dict(pred_sem_seg=dict(data=torch.as_tensor(predicted)[None]),
                gt_sem_seg=dict(data=torch.as_tensor(truth)[None]))


def measure(metric, samples):
    metric.dataset_meta = dict(classes=NAMES)
    for part in samples:
        metric.process({}, [part])
    return metric.evaluate(len(samples))


def test_by_hand():
    """Class a: 2 of 3 pixels; class b: 1 of 2; a class that never occurs counts for nothing, nor does a label 255."""
    truth, predicted = [[0, 1, 1, 255], [2, 2, 0, 1]], [[0, 1, 1, 2], [2, 0, 0, 0]]
    assert overlap_counts(torch.tensor(predicted), torch.tensor(truth), 4).tolist() == [[2, 4], [2, 3], [1, 2], [0, 0]]
    expected = 100 * (2 / 3 + 1 / 2) / 2
    assert measure(ForegroundIoU(), [sample(predicted, truth)]) == {FOREGROUND: pytest.approx(expected)}


def test_counts_are_added_up_over_images():
    first, second = ([[1, 0]], [[1, 1]]), ([[1, 1]], [[1, 1]])
    assert measure(ForegroundIoU(), [sample(*first), sample(*second)]) == {FOREGROUND: pytest.approx(75)}


def test_with_the_background_it_is_the_mean_of_the_host():
    pytest.importorskip('mmseg.models')
    from mmseg.evaluation import IoUMetric
    samples = [sample(torch.randint(0, 3, (9, 7)), torch.randint(0, 3, (9, 7))) for _ in range(3)]
    metric = IoUMetric()
    host = measure(metric, samples)['mIoU']  # rounded to two digits
    counts = sum(overlap_counts(part['pred_sem_seg']['data'][0], part['gt_sem_seg']['data'][0], 4) for part in samples)
    assert 100 * mean_iou(counts) == pytest.approx(host, abs=0.006)
