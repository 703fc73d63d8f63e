# Copyright (c) mmtips authors. All rights reserved.
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import MODELS

from mmtips.hooks import AlignedDecodeHook, CircularPaddingHook, ExactEquivarianceHook

APS = dict(type='APS')


def classifier(downsampler=APS, sites=None):
    backbone = dict(type='TIPSResNet', depth=18, base_channels=4, stem_channels=4, downsampler=downsampler, sites=sites)
    head = dict(type='LinearClsHead', num_classes=3, in_channels=32, loss=dict(type='CrossEntropyLoss'))
    return MODELS.build(ConfigDict(type='ImageClassifier', backbone=backbone, neck=dict(type='GlobalAveragePooling'),
                                   head=head)).double()


def test_a_classifier_becomes_exact(scope):
    scope('mmpretrain')
    model = classifier(sites=dict(stem_conv=APS))
    runner = SimpleNamespace(model=model)
    hook = ExactEquivarianceHook()
    hook.before_run(runner)
    hook.before_run(runner)  # nothing happens twice: a runner trains, then tests
    model.eval()
    x = torch.randn(1, 3, 64, 64).double()
    with torch.no_grad():
        still = model(x)
        for shift in ((1, 0), (3, 5), (16, 31)):
            torch.testing.assert_close(model(x.roll(shift, (-2, -1))), still)


@pytest.mark.parametrize(('options', 'message'), [
    (dict(), r"ResNet has strides of its own at \['conv1'\]: convert all of them"),
    (dict(downsampler=dict(type='BlurPool')), 'ResNet has operators that are not equivariant'),
])
def test_what_would_not_be_exact_is_refused(scope, options, message):
    scope('mmpretrain')
    runner = SimpleNamespace(model=classifier(**options))
    for _ in range(2):  # the second time too
        with pytest.raises(ValueError, match=message):
            ExactEquivarianceHook().before_run(runner)


def segmentor():
    head = dict(type='FCNHead', in_channels=32, in_index=3, channels=4, num_convs=1, concat_input=False, num_classes=3,
                align_corners=False, loss_decode=dict(type='CrossEntropyLoss'))
    backbone = dict(type='TIPSResNet', depth=18, base_channels=4, stem_channels=4, downsampler=APS,
                    sites=dict(stem_conv=APS))
    return MODELS.build(ConfigDict(type='EncoderDecoder', backbone=backbone, decode_head=head,
                                   test_cfg=dict(mode='whole')))


@pytest.mark.parametrize(('hooks', 'border'), [([], 'replicate'), ([CircularPaddingHook], 'wrap')])
def test_an_aligned_decode_keeps_the_padding_of_the_model(scope, hooks, border):
    scope('mmseg')
    runner = SimpleNamespace(model=segmentor())
    for hook in [*hooks, AlignedDecodeHook, AlignedDecodeHook]:  # nothing happens twice
        hook().before_run(runner)
    assert runner.model.backbone.trail.border == border
    assert hasattr(runner.model, 'circular_resizes') == (border == 'wrap')


@pytest.mark.parametrize('later', [CircularPaddingHook, ExactEquivarianceHook])
def test_in_whatever_order_the_hooks_stand_the_border_is_that_of_the_padding(scope, later):
    scope('mmseg')
    runner = SimpleNamespace(model=segmentor())
    for hook in (AlignedDecodeHook, later, later):
        hook().before_run(runner)
    assert runner.model.backbone.trail.border == 'wrap'
    model, x = runner.model.double().eval(), torch.randn(1, 3, 64, 64).double()
    with torch.no_grad():
        still, moved = model(x), model(x.roll((5, 18), (-2, -1)))
    torch.testing.assert_close(moved, still.roll((5, 18), (-2, -1)))


def test_a_classifier_has_nothing_to_align(scope):
    scope('mmpretrain')
    runner = SimpleNamespace(model=classifier())
    AlignedDecodeHook().before_run(runner)
    assert not hasattr(runner.model.backbone, 'trail')
