# Copyright (c) mmtips authors. All rights reserved.
from types import SimpleNamespace

import pytest
import torch
from mmengine.model import ImgDataPreprocessor
from mmengine.structures import BaseDataElement, PixelData

from mmtips.evaluation import PROTOCOLS, ShiftProtocol, draw_shifts
from mmtips.evaluation.adapters import ground_truth, predict_labels
from mmtips.evaluation.images import ignored_label
from mmtips.evaluation.order import ImageOrder
from tests.evaluation.toys import StripedImages, make_runner


@pytest.mark.parametrize('kind', ['constant', 'pixel'])
def test_constant_and_per_pixel_predictors_are_perfectly_consistent(tmp_path, kind):
    metrics = make_runner(tmp_path, kind).test()
    for protocol in ('standard', 'circular'):
        assert metrics[f'shift/{protocol}/overall'] == 100
        assert metrics[f'shift/{protocol}/foreground'] == 100
        assert metrics[f'shift/{protocol}/overall_low'] == 100
    if kind == 'pixel':
        assert metrics['shift/standard/joint'] == 100
    assert metrics['seen'] == 6  # the host's own metric went on


SIZE = (24, 32)


def seen_in_both(name, first, second, side):
    """How many rows (columns) of a side both views show, if they are moved by ``first`` and ``second``."""
    if name in ('zero-fill', 'lps'):  # what is moved over the border is lost
        return side - max(0, first, second) + min(0, first, second)
    return side - 6 - abs(first - second)  # crops that leave 3 pixels on each side


def counted_by_hand(protocol, images=6, width=32):
    """A predictor of the column modulo 3 agrees where the columns of the two views differ by a multiple of 3."""
    hits = total = 0
    for index in range(images):
        shifts = draw_shifts(protocol, index, SIZE).tolist()
        pairs = [(shifts[0], other) for other in shifts[1:]] if protocol.name == 'lps' else \
            list(zip(shifts[::2], shifts[1::2], strict=True))
        assert len(pairs) == 5
        for (row_a, col_a), (row_b, col_b) in pairs:
            if protocol.name == 'circular':
                # Column j of the image is column (j + shift) mod W of the view.
                seen = [(j + col_a) % width % 3 == (j + col_b) % width % 3 for j in range(width)]
                hits, total = hits + 24 * sum(seen), total + 24 * width
            else:
                overlap = seen_in_both(protocol.name, row_a, row_b, 24) * seen_in_both(protocol.name, col_a, col_b, 32)
                weight = overlap if PROTOCOLS[protocol.name].average == 'pixels' else 1
                hits, total = hits + weight * ((col_a - col_b) % 3 == 0), total + weight
    return 100 * hits / total


def test_a_predictor_of_the_position_scores_what_is_counted_by_hand(tmp_path):
    metrics = make_runner(tmp_path, 'position', names=PROTOCOLS).test()
    assert [name for name, kind in PROTOCOLS.items() if kind.average == 'images'] == ['lps', 'mASSC']
    for name in PROTOCOLS:
        assert metrics[f'shift/{name}/overall'] == pytest.approx(counted_by_hand(ShiftProtocol(name, 3)))
        assert metrics[f'shift/{name}/overall'] < 90


def test_batch_size_does_not_matter(tmp_path):
    results = [make_runner(tmp_path / str(size), 'position', batch_size=size).test() for size in (1, 2, 4)]
    assert results[0] == results[1] == results[2]


def brightest_columns(protocol, images=6, width=32):
    """Whether the brightest pixel's column is the same modulo 3 in both views of every pair, found in the image."""
    hits = []
    for index in range(images):
        image = torch.rand(3, 24, width, generator=torch.Generator().manual_seed(index)).sum(0)
        for pair in draw_shifts(protocol, index, SIZE).view(-1, 2, 2).tolist():
            columns = []
            for row, column in pair:
                if protocol.name == 'circular':
                    columns.append((int(image.argmax()) % width + column) % width)
                else:  # a crop that leaves 3 pixels on each side, moved by the shift
                    crop = image[3 - row:24 - 3 - row, 3 - column:width - 3 - column]
                    columns.append(int(crop.argmax()) % (width - 6))
            hits.append(columns[0] % 3 == columns[1] % 3)
    return 100 * sum(hits) / len(hits)


@pytest.mark.parametrize('name', ['standard', 'circular'])
def test_a_classifier_of_the_position_scores_what_is_counted_by_hand(tmp_path, name):
    metrics = make_runner(tmp_path, 'position', task='classification').test()
    assert metrics[f'shift/{name}/overall'] == pytest.approx(brightest_columns(ShiftProtocol(name, 3)))
    assert 0 < metrics[f'shift/{name}/overall'] < 90


def test_classification(tmp_path):
    metrics = make_runner(tmp_path, 'constant', task='classification').test()
    assert metrics['shift/standard/overall'] == 100
    assert metrics['shift/circular/joint'] == pytest.approx(100 / 3)
    assert 'shift/standard/foreground' in metrics
    assert not [name for name in metrics if 'class/' in name]


class Growing(StripedImages):

    def __getitem__(self, index):
        return StripedImages(size=(24, 32 + index))[index]


def test_images_of_different_sizes_are_not_measured_with_their_padding(tmp_path):
    with pytest.raises(ValueError, match=r'batch_size: .*24 x 32 and 24 x 33 pixels.* test_dataloader.batch_size=1'):
        make_runner(tmp_path / 'two', 'pixel', dataset=Growing()).test()
    alone = make_runner(tmp_path / 'one', 'pixel', dataset=Growing(), batch_size=1)
    assert alone.test()['shift/standard/overall'] == 100


def test_a_sampler_is_asked_once_for_an_epoch():
    drawn = iter([[4, 0, 3], [1, 2, 5]])

    class Sampler:

        def __iter__(self):
            return iter(next(drawn))

    order = ImageOrder(SimpleNamespace(sampler=Sampler(), batch_size=2))
    assert [order.of_batch(number) for number in (0, 1, 0, 1)] == [[4, 0], [3], [1, 2], [5]]


def test_too_large_a_shift_is_refused(tmp_path):
    runner = make_runner(tmp_path, 'pixel', dataset=StripedImages(size=(6, 6)))
    with pytest.raises(ValueError, match='image 0: max_shift=3 is too large for images of 6 x 6'):
        runner.test()


def test_a_data_set_without_classes_is_refused(tmp_path):

    class Nameless(StripedImages):
        metainfo = {}

    with pytest.raises(ValueError, match='no class names'):
        make_runner(tmp_path, 'pixel', dataset=Nameless()).test()


def test_ground_truth_follows_the_image_to_the_grid_of_the_network():
    labels = torch.tensor([[1, 2], [3, 4]])[None]
    sample = BaseDataElement(gt_sem_seg=PixelData(data=labels), metainfo=dict(img_shape=(2, 2)))  # before resizing
    assert torch.equal(ground_truth(sample, (4, 4)), labels[0].repeat_interleave(2, 0).repeat_interleave(2, 1))


@pytest.mark.parametrize('kind', ['position', 'pixel'])
def test_padding_of_the_data_preprocessor_is_no_part_of_the_image(tmp_path, kind):
    plain = make_runner(tmp_path / 'plain', kind, shift_map=dict(protocol='circular', max_shift=2))
    padded = make_runner(tmp_path / 'padded', kind, shift_map=dict(protocol='circular', max_shift=2))
    padded.model.data_preprocessor = ImgDataPreprocessor(pad_size_divisor=40)
    assert padded.test() == plain.test()
    assert padded.test_loop.metric.summaries == plain.test_loop.metric.summaries
    assert padded.test_loop.image_shape == (3, 24, 32)


def test_test_time_augmentation_is_refused(tmp_path):

    class Augmented(StripedImages):

        def __getitem__(self, index):
            item = super().__getitem__(index)
            return dict(inputs=[item['inputs']] * 2, data_samples=[item['data_samples']] * 2)

    with pytest.raises(ValueError, match='a tensor for each image, got list: test-time augmentation cannot'):
        make_runner(tmp_path, 'pixel', dataset=Augmented()).test()


def test_views_that_a_network_asserts_against_are_named(tmp_path):
    runner = make_runner(tmp_path, 'asserts')
    with pytest.raises(RuntimeError, match='image 0: the model fails on standard views of 18 x 26 pix.*set size_div'):
        runner.test()


def test_the_ignored_label_of_data_sets_inside_wrappers():
    own, other = SimpleNamespace(ignore_index=0), SimpleNamespace(ignore_index=9)
    assert ignored_label(SimpleNamespace(datasets=[own, SimpleNamespace(dataset=own)])) == 0
    assert ignored_label(SimpleNamespace(dataset=SimpleNamespace())) == 255
    with pytest.raises(ValueError, match=r'ignore_index: expected one for all parts of the data set, got \[0, 9\]'):
        ignored_label(SimpleNamespace(datasets=[own, other]))


def test_other_predictions_are_refused():
    with pytest.raises(TypeError, match='pred_sem_seg .* or pred_label'):
        predict_labels(lambda views, mode: [BaseDataElement()], torch.zeros(1, 3, 4, 4))


def test_several_labels_for_an_image_are_refused():
    for labels in ([1, 2], []):
        sample = BaseDataElement(pred_label=torch.tensor(labels))
        with pytest.raises(TypeError, match=f'expected one pred_label for each image, got {len(labels)}'):
            predict_labels(lambda views, mode, sample=sample: [sample], torch.zeros(1, 3, 4, 4))
