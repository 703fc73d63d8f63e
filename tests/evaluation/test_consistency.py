# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmtips.evaluation import Classes, bootstrap_interval, count_agreement, count_names, fidelity, find_regions, ratios
from mmtips.evaluation.consistency import as_ratios

ABC = Classes(tuple('abc'), background=0, border=1)


def test_counts_by_hand():
    first = torch.tensor([[0, 1, 1, -1], [2, 2, 0, 0]])
    second = torch.tensor([[0, 1, 2, 2], [2, -1, 1, 0]])
    truth = torch.tensor([[0, 1, 1, 1], [1, 1, 1, 255]])
    counts = count_agreement(first, second, find_regions(truth, ABC), num_classes=3)
    named = dict(zip(count_names('abc'), counts.tolist(), strict=True))
    assert named == {
        'overall': [4, 6],  # two pixels are seen once only
        'foreground': [2, 4],  # truth is 1 on (0,1), (0,2), (1,0) and (1,2) among the seen: equal at (0,1) and (1,0)
        'border': [3, 3],  # (0,0) and its neighbours (0,1), (1,0); (1,1) is seen once only
        'joint': [2, 5],  # (0,0) and (0,1) are equal and right; (1,3) has no ground truth
        'class/a': [1, 2],  # of (1,3) nothing is counted
        'class/b': [1, 3],
        'class/c': [1, 2],
    }


def naive_border(truth, width, ignore):
    height, length = truth.shape
    band = torch.zeros(truth.shape, dtype=torch.bool)
    for y in range(height):
        for x in range(length):
            around = {int(truth[v, u]) for v in range(max(0, y - width), min(height, y + width + 1))
                      for u in range(max(0, x - width), min(length, x + width + 1))} - {ignore}
            band[y, x] = truth[y, x] != ignore and len(around) > 1
    return band


def naive_counts(first, second, truth, classes, background, ignore, border):
    rows, band = [[0, 0] for _ in range(4 + classes)], naive_border(truth, border, ignore).flatten().tolist()
    for a, b, t, near in zip(first.flatten().tolist(), second.flatten().tolist(), truth.flatten().tolist(), band,
                             strict=True):
        if a < 0 or b < 0:
            continue
        rows[0][0] += a == b
        rows[0][1] += 1
        if t not in (ignore, background):
            rows[1][0] += a == b
            rows[1][1] += 1
        if near:
            rows[2][0] += a == b
            rows[2][1] += 1
        if t != ignore:
            rows[3][0] += a == b == t
            rows[3][1] += 1
        for c in range(classes) if t != ignore or not (truth != ignore).any() else ():
            rows[4 + c][0] += a == b == c
            rows[4 + c][1] += c in (a, b)
    return rows


@given(st.integers(0, 2**20), st.integers(1, 3))
def test_counts_equal_a_loop(seed, border):
    generator = torch.Generator().manual_seed(seed)
    first, second = (torch.randint(-1, 4, (5, 6), generator=generator) for _ in range(2))
    truth = torch.randint(0, 5, (5, 6), generator=generator)
    truth[truth == 4] = 255
    truth[2:] = truth[2, 0]  # somewhere without a border
    classes = Classes(tuple('abcd'), background=2, border=border)
    counts = count_agreement(first, second, find_regions(truth, classes), 4)
    assert counts.tolist() == naive_counts(first, second, truth, 4, 2, 255, border)


def test_without_truth_or_background_nothing_is_counted_for_them():
    labels, plain = torch.zeros(3, 3).long(), Classes(('a', 'b'))
    assert count_agreement(labels, labels, find_regions(None, plain, (3, 3)), 2)[1:4].tolist() == [[0, 0]] * 3
    assert count_agreement(labels, labels, find_regions(labels, plain), 2)[1].tolist() == [0, 0]


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match='maps of one shape'):
        count_agreement(torch.zeros(2, 2).long(), torch.zeros(2, 3).long(), find_regions(None, ABC, (2, 2)), 2)


def test_what_is_no_class_is_no_ground_truth():
    """The ignore index of maps, and labels that no class has; but the class of an image may have any number."""
    regions = find_regions(torch.tensor([[0, 7, 255, -1]]), ABC)
    assert regions.known.tolist() == [[True, False, False, False]]
    many = Classes(tuple(map(str, range(1000))))
    assert find_regions(torch.tensor([[255]]), many).known.all()
    assert not find_regions(torch.full((2, 2), 255), many).known.any()


def test_a_model_of_more_classes_than_the_data_has_is_told_so():
    labels = torch.tensor([[0, 3]])
    for of in (labels, labels[:, 1:]):  # a map, and the class of an image
        with pytest.raises(ValueError, match='predicts label 3, and the data set names 3 classes'):
            count_agreement(of, of, find_regions(None, ABC, of.shape), 3)
    assert count_agreement(labels[:, :1], labels[:, :1], find_regions(None, ABC), 3).tolist()[0] == [1, 1]


def test_regions_are_where_the_predictions_are():
    for truth in (None, torch.zeros(2, 2).long()):
        regions = find_regions(truth, ABC, (2, 2), torch.device('meta'))
        assert {part.device.type for part in (regions.labels, regions.known, regions.foreground, regions.border)} == {
            'meta'}


def test_the_bootstrap_draws_the_same_in_blocks(monkeypatch):
    counts = torch.rand(7, 2, 2, generator=torch.Generator().manual_seed(0)).double()
    whole = bootstrap_interval(counts, resamples=120)
    monkeypatch.setattr('mmtips.evaluation.consistency.BLOCK', 1000)
    assert torch.equal(bootstrap_interval(counts, resamples=120), whole)


def test_ratios_that_each_weigh_the_same():
    assert as_ratios(torch.tensor([[1., 2.], [0., 8.], [0., 0.]])).tolist() == [[0.5, 1], [0, 1], [0, 0]]


def test_sums_are_divided_not_averaged():
    counts = torch.tensor([[[1., 1.]], [[0., 3.]]])  # a mean of means would say 50
    assert ratios(counts.sum(0)).tolist() == [25]
    assert ratios(torch.zeros(1, 2)).isnan().all()


def test_bootstrap_of_equal_images_has_no_width():
    counts = torch.tensor([3., 4.]).expand(50, 2, 2)
    torch.testing.assert_close(bootstrap_interval(counts), torch.full((2, 2), 75.).double())


def test_bootstrap_covers_like_the_normal_approximation():
    """400 images of one pixel each, half of them hits: the standard error of the percentage is 2.5."""
    counts = torch.stack([torch.tensor([0., 1.] * 200), torch.ones(400)], dim=1)[:, None].double()
    low, high = bootstrap_interval(counts, resamples=4000)[0].tolist()
    assert low == pytest.approx(50 - 1.96 * 2.5, abs=0.4)
    assert high == pytest.approx(50 + 1.96 * 2.5, abs=0.4)


def test_bootstrap_is_seeded_and_leaves_rows_without_total_undefined():
    counts = torch.rand(30, 2, 2, generator=torch.Generator().manual_seed(0)).double()
    counts[:, 1] = 0
    assert torch.equal(bootstrap_interval(counts, seed=1)[0], bootstrap_interval(counts, seed=1)[0])
    assert not torch.equal(bootstrap_interval(counts, seed=1)[0], bootstrap_interval(counts, seed=2)[0])
    assert bootstrap_interval(counts)[1].isnan().all()


@pytest.mark.parametrize(('counts', 'level', 'message'), [(torch.zeros(0, 1, 2), 0.95, 'at least one image'),
                                                          (torch.ones(2, 1, 2), 1.0, 'level')])
def test_bootstrap_is_checked(counts, level, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(counts, level=level)


def test_fidelity_is_the_product():
    assert fidelity(80, 90) == pytest.approx(72)
