# Copyright (c) mmtips authors. All rights reserved.
"""Agreement of shifted views: the functions, and the hook in both hosts."""

import copy
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import ConfigDict
from mmengine.registry import HOOKS, MODELS
from mmengine.structures import PixelData
from torch import nn

from mmtips.draws import generator_of
from mmtips.losses import (
    Crops,
    ShiftAgreementHook,
    agreement_loss,
    crop_overlap,
    crop_pair,
    crop_samples,
    draw_crops,
    views_agreement,
)
from mmtips.losses.agreement_hook import NAME, score_layer


def test_by_hand():
    """1/2, 1/2 and 3/4, 1/4: 1/4 (ln 3/2 + ln 2), halved."""
    even, three = torch.zeros(1, 2), torch.tensor([[math.log(3.), 0.]])
    assert float(agreement_loss(even, three)) == pytest.approx(math.log(3) / 8)
    assert float(agreement_loss(even, even)) == 0
    # The same as logits of a sigmoid.
    assert float(agreement_loss(even[:, :1], three[:, :1])) == pytest.approx(math.log(3) / 8)


@given(st.integers(0, 10_000), st.integers(1, 5), st.sampled_from([(), (3, 4)]))
def test_against_a_naive_form(seed, classes, size):
    generator = torch.Generator().manual_seed(seed)
    first, second = (3 * torch.randn(2, classes, *size, generator=generator, dtype=torch.float64) for _ in range(2))
    total, count = 0., 0
    for p, q in zip(*(of.movedim(1, -1).reshape(-1, classes).tolist() for of in (first, second)), strict=True):
        p, q = (_softmax(of if classes > 1 else [of[0], 0.]) for of in (p, q))
        total += sum(a * math.log(a / b) + b * math.log(b / a) for a, b in zip(p, q, strict=True)) / 2
        count += 1
    assert float(agreement_loss(first, second)) == pytest.approx(total / count, abs=1e-12)
    assert float(agreement_loss(first, second)) == pytest.approx(float(agreement_loss(second, first)), abs=1e-12)


def _softmax(values):
    parts = [math.exp(value - max(values)) for value in values]
    return [part / sum(parts) for part in parts]


def test_gradient():
    first, second = (torch.randn(2, 3, 2, 2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    torch.autograd.gradcheck(agreement_loss, (first, second))
    assert agreement_loss(first.detach().bfloat16(), second.detach().bfloat16()).dtype == torch.float32


@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from([1, 4]))
def test_crops_differ_overlap_and_lie_in_the_image(seed, max_shift, divisor):
    crops = draw_crops((30, 40), max_shift, generator_of(seed, 0), divisor)
    assert crops == draw_crops((30, 40), max_shift, generator_of(seed, 0), divisor)
    assert crops.first != crops.second
    assert [side % divisor for side in crops.size] == [0, 0]
    for place in (crops.first, crops.second):
        assert all(0 <= start <= 2 * max_shift and start + side <= whole
                   for start, side, whole in zip(place, crops.size, (30, 40), strict=True))


def test_every_place_is_drawn():
    drawn = [draw_crops((8, 8), 1, generator_of(0, index)) for index in range(300)]
    assert len({of.first for of in drawn}) == len({of.second for of in drawn}) == 9
    assert len({(of.first, of.second) for of in drawn}) == 72  # all pairs of different places


@given(st.integers(0, 10_000))
def test_the_overlap_of_an_image_is_the_same_pixels(seed):
    images = torch.arange(2 * 3 * 20 * 24.).reshape(2, 3, 20, 24)
    crops = draw_crops((20, 24), 3, generator_of(seed, 0))
    first, second = crop_overlap(crop_pair(images, crops), crops)
    assert torch.equal(first, second)
    rows, columns = (abs(a - b) for a, b in zip(crops.first, crops.second, strict=True))
    assert first.shape == (2, 3, crops.size[0] - rows, crops.size[1] - columns)


def test_images_that_are_too_small():
    with pytest.raises(ValueError, match='up to 4 pixels leave views of 8 x 16 pixels of images of 16 x 24'):
        draw_crops((16, 24), 4, generator_of(0, 0))


def test_a_classifier_and_a_segmentor():
    crops = Crops((0, 1), (2, 0), (6, 6))
    logits = torch.randn(4, 5)
    assert torch.equal(views_agreement(logits, crops), agreement_loss(logits[:2], logits[2:]))
    maps = torch.randn(4, 5, 6, 6)
    first, second = maps[:2, :, 2:, :5], maps[2:, :, :4, 1:]
    torch.testing.assert_close(views_agreement(maps, crops), agreement_loss(first, second))
    constant = torch.randn(1, 5, 1, 1).expand(4, 5, 3, 3)
    assert float(views_agreement(constant, crops)) == pytest.approx(0, abs=1e-6)  # enlarged to the size of the crops
    for bad in (torch.zeros(2, 3, 4), [logits]):
        with pytest.raises(TypeError, match=r'expected logits of the shape \(N, K\) or \(N, K, h, w\), got'):
            views_agreement(bad, crops)


@pytest.fixture
def segmentor(scope):
    """A small DeepLabV3+ and a batch of it."""
    structures = pytest.importorskip('mmseg.structures')
    scope('mmseg')
    norm = dict(type='BN')
    model = MODELS.build(dict(
        type='EncoderDecoder', data_preprocessor=dict(type='SegDataPreProcessor', size=(32, 32)),
        backbone=dict(type='TIPSBackbone', base='ResNetV1c', depth=18, base_channels=4, stem_channels=4, norm_cfg=norm,
                      downsampler=dict(type='TIPS')),
        decode_head=dict(type='FCNHead', in_channels=32, in_index=3, channels=4, num_convs=1, num_classes=3,
                         norm_cfg=norm, dropout_ratio=0., loss_decode=dict(type='CrossEntropyLoss')),
        test_cfg=ConfigDict(mode='whole')))
    samples = []
    for _ in range(2):
        sample = structures.SegDataSample(metainfo=dict(img_shape=(32, 32), img_path='a.png'))
        sample.gt_sem_seg = PixelData(data=torch.randint(3, (1, 32, 32)))
        samples.append(sample)
    return model, dict(inputs=torch.randn(2, 3, 32, 32), data_samples=samples)


class Runner:
    """As much of a runner as the hook reads."""

    def __init__(self, model, iteration=0, max_iters=10):
        self.model, self.iter, self.max_iters = model, iteration, max_iters


def started(model, **options):
    """The hook at the beginning of the first iteration."""
    hook = ShiftAgreementHook(**options)
    hook.before_train(Runner(model))
    hook.before_train_iter(Runner(model), 0)
    return hook


def test_samples_are_cropped(segmentor):
    _, batch = segmentor
    crops = Crops((0, 1), (2, 0), (24, 16))
    cropped = crop_samples(batch['data_samples'], crops)
    assert len(cropped) == 4
    for number, (sample, (top, left)) in enumerate(zip(cropped, [crops.first] * 2 + [crops.second] * 2, strict=True)):
        whole = batch['data_samples'][number % 2]
        assert torch.equal(sample.gt_sem_seg.data, whole.gt_sem_seg.data[:, top:top + 24, left:left + 16])
        assert (sample.img_shape, sample.img_path) == ((24, 16), 'a.png')
        assert whole.img_shape == (32, 32)  # the batch is as it was


def test_the_term_is_that_of_the_views(segmentor):
    model, batch = segmentor
    model.train()
    plain = copy.deepcopy(model)
    started(model, weight=2., max_shift=3, seed=5)
    losses = model(**batch, mode='loss')
    crops = draw_crops((32, 32), 3, generator_of(5, 0))
    views = crop_pair(batch['inputs'], crops)
    expected = plain(views, crop_samples(batch['data_samples'], crops), mode='loss')
    assert set(losses) == {*expected, NAME}
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value)
    logits = plain(views, mode='tensor')
    torch.testing.assert_close(losses[NAME], 2 * views_agreement(logits, crops))
    losses[NAME].backward()
    assert all(parameter.grad.isfinite().all() and parameter.grad.any() for name, parameter in
               model.named_parameters() if name.endswith('conv1.weight'))


def test_images_are_continued_over_their_border(segmentor):
    """And so are their labels."""
    model, batch = segmentor
    started(model, max_shift=3, padding_mode='reflect', seed=5)
    seen = {}
    model.register_forward_pre_hook(lambda model, args, kwargs: seen.update(kwargs), with_kwargs=True)
    losses = model.train()(**batch, mode='loss')
    assert losses[NAME].item() > 0
    crops = draw_crops((38, 38), 3, generator_of(5, 0))
    assert crops.size == (32, 32)
    image = batch['inputs'][0]
    label = batch['data_samples'][0].gt_sem_seg.data[0]
    for number, (top, left) in ((0, crops.first), (2, crops.second)):
        sample = seen['data_samples'][number]
        assert sample.img_shape == (32, 32)
        for row, column in ((0, 0), (0, 31), (31, 0), (31, 31), (16, 16)):
            y, x = (31 - abs(31 - abs(place - 3)) for place in (row + top, column + left))
            assert sample.gt_sem_seg.data[0, row, column] == label[y, x]
            assert torch.equal(seen['inputs'][number][:, row, column], image[:, y, x])
    assert sample.gt_sem_seg.data.dtype == label.dtype
    assert batch['data_samples'][0].gt_sem_seg.shape == (32, 32)


def test_nothing_happens_before_the_start_in_eval_and_after_the_training(segmentor):
    model, batch = segmentor
    hook = ShiftAgreementHook(start=0.5)
    hook.before_train(Runner(model))
    for iteration, on in ((4, False), (5, True)):
        hook.before_train_iter(Runner(model, iteration), 0)
        assert (NAME in model(**batch, mode='loss')) is on
    model.eval()
    with torch.no_grad():
        assert model(batch['inputs'], mode='tensor').shape == (2, 3, 1, 1)
        assert model(batch['inputs'], mode='predict')[0].pred_sem_seg.shape == (32, 32)
    hook.after_train(Runner(model))
    assert NAME not in model.train()(**batch, mode='loss')
    assert not model._forward_hooks
    assert not model._forward_pre_hooks
    assert not score_layer(model)._forward_hooks


def test_every_iteration_has_crops_of_its_own_and_a_copy_of_the_model_its_own_state(segmentor):
    model, batch = segmentor
    hook = started(model, seed=3)
    seen = []
    score_layer(model).register_forward_hook(lambda layer, args, output: seen.append(output.detach()))
    for iteration in (0, 1, 1):
        hook.before_train_iter(Runner(model, iteration), 0)
        model.eval()(**batch, mode='loss')
    assert not torch.equal(seen[0], seen[1])
    assert torch.equal(seen[1], seen[2])
    twin = copy.deepcopy(model)
    assert NAME in twin(**batch, mode='loss')


def test_a_classifier(scope):
    structures = pytest.importorskip('mmpretrain.structures')
    scope('mmpretrain')
    seen = {}
    model = MODELS.build(dict(
        type='ImageClassifier', data_preprocessor=dict(num_classes=3),
        backbone=dict(type='TIPSBackbone', base='ResNet', depth=18, base_channels=4, stem_channels=4,
                      downsampler=dict(type='BlurPool')),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=3, in_channels=32, loss=dict(type='CrossEntropyLoss'))))
    started(model, max_shift=4, padding_mode='circular')
    model.register_forward_pre_hook(lambda model, args, kwargs: seen.update(kwargs), with_kwargs=True)
    samples = [structures.DataSample().set_gt_label(label) for label in (0, 2)]
    losses = model(inputs=torch.randn(2, 3, 64, 64), data_samples=samples, mode='loss')
    # The host would log its own "loss" in place of the total.
    assert set(losses) == {'loss_task', NAME}
    assert float(losses[NAME]) > 0
    assert seen['inputs'].shape == (4, 3, 64, 64)
    assert [int(sample.gt_label) for sample in seen['data_samples']] == [0, 2, 0, 2]


def test_a_head_of_several_labels_is_refused():
    class MultiLabelHead(nn.Linear):
        pass

    class Special(MultiLabelHead):
        pass

    model = nn.Module()
    model.head = Special(1, 1)
    with pytest.raises(TypeError, match='Special predicts several labels for an image'):
        started(model)


def test_a_model_without_scores():
    with pytest.raises(TypeError, match='Linear has neither a decode head with conv_seg'):
        started(nn.Linear(1, 1))


@pytest.mark.parametrize('options', [
    dict(weight=-1), dict(weight=math.inf), dict(max_shift=0), dict(max_shift=1.5), dict(start=1), dict(start=-.1),
    dict(size_divisor=0), dict(padding_mode='zeros')])
def test_bad_options(options):
    name, = options
    with pytest.raises(ValueError, match=f'ShiftAgreementHook: {name}: expected'):
        HOOKS.build(dict(type='ShiftAgreementHook', **options))


@pytest.mark.parametrize('aligned', [True, False])
def test_the_corners_of_a_cascade_are_those_of_the_model(monkeypatch, aligned):
    """Its decode heads are a list, which has no corners."""
    from types import SimpleNamespace

    from mmtips.losses import agreement_hook

    used = []
    monkeypatch.setattr(agreement_hook, 'views_agreement',
                        lambda logits, crops, align: used.append(align) or torch.zeros(()))
    views = agreement_hook.Views(1.0, 4, 1, None, 0)
    views._crops, views._logits = object(), torch.zeros(1)
    views.add_term(SimpleNamespace(align_corners=aligned, decode_head=nn.ModuleList()), (), dict(loss=torch.zeros(())))
    assert used == [aligned]
