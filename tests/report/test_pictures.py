# Copyright (c) mmtips authors. All rights reserved.
import numpy as np
import pytest
import torch
from PIL import Image

from mmtips import report
from mmtips.report.figures.layers import paint_features, weight_figure
from mmtips.report.figures.pictures import original_image, paint_difference, paint_flicker, paint_labels
from tests.report.factory import PALETTE, add_labels, add_pictures, make_classification, make_model, make_result

GREY = [128] * 3


def test_pictures_by_hand():
    image = original_image(torch.tensor([[[0., 2.]], [[-1., -3.]], [[4., 0.02]]]), make_model())
    assert image.tolist() == [[[100, 50, 255], [200, 0, 101]]]
    palette = [(0, 0, 0), (10, 20, 30)]
    assert paint_labels(torch.tensor([[0, 1, -1, 255]]), palette).tolist() == [[[0, 0, 0], [10, 20, 30], GREY, GREY]]
    flicker = paint_flicker(np.full((1, 3, 3), 200, np.uint8), torch.tensor([[0, 5, 0]]), torch.tensor([[5, 5, 0]]))
    assert flicker.tolist() == [[[90, 90, 90], [255, 255, 0], GREY]]


def test_difference_by_hand():
    first, second = torch.tensor([[0, 1, 1, -1, 1, 2]]), torch.tensor([[0, 1, 0, 1, -1, 1]])
    painted = paint_difference(first, second, [(0, 0, 0), (30, 60, 90), (9, 9, 9)])
    yellow = [255, 221, 51]
    assert painted.tolist() == [[[0, 0, 0], [20, 20, 20], yellow, GREY, GREY, yellow]]
    assert painted.dtype == np.uint8


def opened(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert('RGB'))


def test_each_result_keeps_its_own_pictures(tmp_path):
    first, second = (add_pictures(make_result(), tmp_path)['figures'] for _ in range(2))
    assert list(first['examples']['00']) == ['image', 'truth', 'prediction', 'flicker']
    assert not set(first['examples']['00'].values()) & set(second['examples']['00'].values())
    assert first['gallery'][0]['panels'] != second['gallery'][0]['panels']


def test_gallery(tmp_path):
    item, other = add_pictures(make_result(), tmp_path)['figures']['gallery']
    assert (item['index'], item['image'], item['agreement'], other['index']) == (7, 'shape_<7>.png', 62.5, 9)
    assert item['shifts'] == [[0, 3], [-2.5, 1]]
    assert list(item['panels']) == ['view_a', 'view_b', 'prediction_a', 'prediction_b', 'truth', 'difference']
    panels = {name: opened(tmp_path / file) for name, file in item['panels'].items()}
    assert panels['truth'][16, 16].tolist() == list(PALETTE[1])
    assert panels['prediction_a'][0, 0].tolist() == panels['difference'][5, -1].tolist() == GREY
    assert panels['difference'][17, 16].tolist() == [255, 221, 51]


def test_gallery_of_a_classifier_has_views_and_labels(tmp_path):
    item, = add_labels(make_classification(), tmp_path)['figures']['gallery']
    assert list(item['panels']) == ['view_a', 'view_b']
    assert item['labels'] == dict(a='cat', b='"dog" & co', truth=None)
    assert report.write_gallery([], make_model(), PALETTE, tmp_path) == []


def test_examples_without_a_map_are_passed_over(tmp_path):
    maps = dict(differ=torch.zeros(1, 1), seen=torch.ones(1, 1), prediction=torch.zeros(1, 1).long())
    example = dict(image=torch.zeros(3, 4, 4), truth=torch.zeros(1, 1).long(), **maps)
    assert report.write_examples({0: example}, make_model(), [(0, 0, 0)], tmp_path) == {}


def test_feature_maps_by_hand():
    features = torch.zeros(2, 3, 100)
    features[:, 1, 7] = 5.
    painted = paint_features(features)
    assert painted.shape == (6, 200, 3)
    bright = painted.sum(axis=2) == painted.sum(axis=2).max()
    assert np.argwhere(bright).tolist() == [[2, 14], [2, 15], [3, 14], [3, 15]]
    assert len(np.unique(paint_features(torch.ones(1, 2, 2)).reshape(-1, 3), axis=0)) == 1  # flat


def test_mixing_weights_by_hand(tmp_path):
    weights = torch.tensor([[.1, .2, .3, .4], [.3, .2, .3, .2], [.2, .2, .3, .3]])
    bars, picture, *_ = weight_figure(weights).axes
    assert [bar.get_height() for bar in bars.patches] == pytest.approx([.2, .2, .3, .3])
    assert np.allclose(picture.images[0].get_array(), weights)
    assert [label.get_text() for label in bars.get_xticklabels()] == ['0, 0', '0, 1', '1, 0', '1, 1']
    with pytest.raises(ValueError, match='expected s \\* s phases, got 3'):
        weight_figure(torch.ones(2, 3))
    layer, _ = add_pictures(make_result(), tmp_path)['figures']['layers']
    assert (layer['path'], layer['operator']) == ('backbone.layer1', 'TIPS')
    assert opened(tmp_path / layer['panels']['features']).shape == (192, 144, 3)
    assert opened(tmp_path / layer['panels']['weights']).std() > 10
