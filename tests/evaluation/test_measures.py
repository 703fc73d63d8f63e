# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch

from mmtips.evaluation import Classes, ShiftProtocol, find_regions
from mmtips.evaluation.measures import Consistency, GroundTruth, ShiftMap, compared
from mmtips.evaluation.subject import Subject
from tests.evaluation.toys import StripedImages, TIPSToyPredictor, make_runner

CLASSES = Classes(('background', 'bright', 'brighter'), background=0)
SIZE = (24, 32)


def subject(kind, index=0, task='segmentation', truth=None, size=SIZE):
    model = TIPSToyPredictor(kind, task)
    image = torch.rand(3, *size, generator=torch.Generator().manual_seed(index))
    regions = find_regions(truth, CLASSES, size if task == 'segmentation' else (1, 1))
    return Subject(model, image, regions, index, f'{index}.png')


def test_pairs():
    assert list(compared(iter('abcd'), anchored=False)) == [('a', 'b'), ('c', 'd')]
    assert list(compared(iter('abcd'), anchored=True)) == [('a', 'b'), ('a', 'c'), ('a', 'd')]


def test_the_map_of_a_predictor_of_the_position_shows_its_period():
    """The column modulo 3, of crops: equal where the shift's columns are a multiple of 3, nowhere else."""
    measure = ShiftMap('standard', CLASSES, max_shift=4)
    counts = torch.stack([measure.count(subject('position', index)) for index in range(2)])
    summary = measure.summary(counts)
    assert summary['shifts'] == list(range(-4, 5))
    assert summary['images'] == 2
    assert summary['overall'] == [[100. * (column % 3 == 0) for column in range(-4, 5)]] * 9
    assert summary['worst'] == dict(overall=dict(value=0, low=0, high=0))  # no ground truth: nothing is joint
    # The overlap of two views of 16 x 24 pixels, one of them moved by (-4, -3).
    assert counts[0, 1, 0].tolist() == [12 * 21, 12 * 21]


def test_the_map_takes_views_of_a_multiple_of_a_size():
    measure = ShiftMap('standard', CLASSES, max_shift=3, size_divisor=8)
    assert measure.count(subject('position'))[0, 0, 1] == 13 * 21  # of two views of 16 x 24, 3 and 3 apart
    assert measure.summary(torch.ones(1, 49, 4, 2).double())['size_divisor'] == 8


def test_the_worst_case_is_that_of_each_image():
    """Two images whose worst shifts differ: the mean of the two worst ratios, not the worst of the mean."""
    measure = ShiftMap('circular', CLASSES, max_shift=1)
    counts = torch.zeros(2, 9, 4, 2).double()
    counts[:, :, 0] = torch.tensor([10., 10.])
    counts[0, 3, 0, 0], counts[1, 5, 0, 0] = 4, 6
    summary = measure.summary(counts)
    assert summary['worst']['overall']['value'] == pytest.approx(50)
    assert summary['overall'][1] == [70, 100, 80]


def test_the_map_is_made_of_the_first_images_only():
    measure = ShiftMap('circular', CLASSES, max_shift=1, images=2)
    assert measure.count(subject('pixel', 1)) is not None
    assert measure.count(subject('pixel', 2)) is None


def test_lps_averages_images_and_the_others_pixels():
    """Anchored pairs of a predictor of the column modulo 3: 1 where the columns moved by a multiple of 3, else 0."""
    protocol = ShiftProtocol('lps', 3)
    counts = Consistency(protocol, CLASSES).count(subject('position'))
    from mmtips.evaluation import draw_shifts
    moved = draw_shifts(protocol, 0, SIZE)[1:, 1]
    assert counts[0].tolist() == [(moved % 3 == 0).sum().item(), 5]
    assert Consistency(ShiftProtocol('zero-fill', 3), CLASSES).count(subject('pixel'))[0, 1] > 5


def test_a_classifier_without_a_ground_truth():
    counts = Consistency(ShiftProtocol('circular', 3), CLASSES).count(subject('constant', task='classification',
                                                                             size=(24, 32)))
    assert counts.tolist() == [[5, 5], [0, 0], [0, 0], [0, 0]]


def test_classes_that_no_image_shows_are_absent():
    measure = GroundTruth(CLASSES)
    truth = torch.zeros(SIZE).long()
    truth[0, :4] = 2
    truth[1] = 255
    counts = measure.count(subject('pixel', truth=truth))
    assert counts.tolist() == [1, 0, 1]
    assert measure.summary(torch.stack([counts, counts])) == dict(absent=['bright'])
    assert measure.summary(torch.zeros(2, 3)) == dict(absent=[])  # nothing is known of any


def test_subpixel_shifts_of_scores_that_are_linear_in_the_image(tmp_path):
    """The score of each class is linear in the pixels, so that undoing the move of the image undoes that of the scores,
    but for what linear interpolation loses on noise."""
    coarse = make_runner(tmp_path / 'a', 'scores', names=['circular']).test()['shift/circular/overall']
    protocols = [dict(name='circular', max_shift=3, subpixel=2)]
    runner = make_runner(tmp_path / 'b', 'scores')
    runner._test_loop['protocols'] = protocols
    assert coarse == 100
    assert 80 < runner.test()['shift/circular/overall'] < 100


def test_scores_that_are_not_finite_name_the_image(tmp_path):
    with pytest.raises(FloatingPointError, match=r'image 0: the model predicts scores that are not finite'):
        make_runner(tmp_path, 'nan').test()


def test_a_model_that_fails_on_a_view_names_the_image_and_the_size(tmp_path):
    with pytest.raises(RuntimeError, match=r'image 0: the model fails on standard views of 18 x 26 .*lower max_shift'):
        make_runner(tmp_path, 'fails').test()


def test_whole_pixels_are_asked_for_where_there_are_no_scores(tmp_path):
    runner = make_runner(tmp_path, 'pixel')
    runner._test_loop['protocols'] = [dict(name='circular', max_shift=3, subpixel=2)]
    with pytest.raises(TypeError, match='sub-pixel shifts need a score for every class'):
        runner.test()


def test_a_band_without_width_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'border: expected an integer >= 1 \(pixels\), got 0'):
        make_runner(tmp_path, 'pixel', border=0, dataset=StripedImages()).test()
