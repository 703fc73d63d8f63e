# Copyright (c) mmtips authors. All rights reserved.
"""Networks of exact operators that do not move with their image, and are refused."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import MODELS
from torch import nn

from mmtips.hooks import AlignedDecodeHook, CircularPaddingHook, ExactEquivarianceHook
from mmtips.surgery import align_decoder, convert_downsampling, convert_padding, require_equivariance

EXACT = dict(type='APS')
RESNET = dict(base='ResNet', depth=18, base_channels=4, stem_channels=4)


def backbone(**options):
    return dict(type='TIPSBackbone', downsampler=EXACT, sites=dict(stem_conv=EXACT, context_pool=EXACT), **options)


def classifier(**options):
    return MODELS.build(ConfigDict(type='ImageClassifier', backbone=backbone(**options), head=dict(type='ClsHead')))


def segmentor(head, **options):
    head = dict(in_channels=32, in_index=3, channels=4, num_classes=3, align_corners=False, norm_cfg=dict(type='BN'),
                loss_decode=dict(type='CrossEntropyLoss')) | head
    return MODELS.build(ConfigDict(type='EncoderDecoder', backbone=backbone(**options), decode_head=head,
                                   test_cfg=dict(mode='whole')))


def branches():
    """Of an HRNet as narrow as it gets."""
    stages = {f'stage{number}': dict(num_modules=1, num_branches=number, block='BASIC', num_blocks=(1, ) * number,
                                     num_channels=(4, 8, 16, 32)[:number]) for number in (2, 3, 4)}
    return dict(stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1, ), num_channels=(4, )),
                **stages)


SEGMENTORS = {
    'branches that keep phases of their own': (
        dict(type='FCNHead', in_channels=[4, 8, 16, 32], in_index=(0, 1, 2, 3), input_transform='resize_concat',
             num_convs=1, concat_input=False), dict(base='HRNet', extra=branches())),
    'pools over regions, by functions': (dict(type='DMHead'), RESNET),
}
CLASSIFIERS = {
    'convolutions without padding': dict(base='ConvNeXt', arch=dict(depths=[1, 1, 1, 1], channels=[4, 8, 8, 8]),
                                         gap_before_final_norm=True),
}


@pytest.mark.parametrize('hook', [ExactEquivarianceHook, AlignedDecodeHook])
@pytest.mark.parametrize(('head', 'options'), SEGMENTORS.values(), ids=SEGMENTORS)
def test_a_segmentor_that_does_not_move_is_refused(scope, head, options, hook):
    scope('mmseg')
    runner = SimpleNamespace(model=segmentor(head, **options))
    for _ in range(2):  # the second time too
        with pytest.raises(ValueError, match='its prediction does not move with the image, by .* of its largest value'):
            hook().before_run(runner)


@pytest.mark.parametrize('options', CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_a_classifier_that_does_not_move_is_refused(scope, options):
    scope('mmpretrain')
    with pytest.raises(ValueError, match='ImageClassifier with ConvNeXt: its prediction does not move with the image'):
        ExactEquivarianceHook().before_run(SimpleNamespace(model=classifier(**options)))


def test_a_size_of_its_own_is_no_size_to_move_in(scope):
    scope('mmpretrain')
    model = classifier(base='AlexNet', num_classes=3)
    with pytest.raises(ValueError, match='AlexNet: could not be tried on an image of 128 x 128 pixels.*RuntimeError'):
        ExactEquivarianceHook().before_run(SimpleNamespace(model=model))


def test_what_is_tried_is_left_as_it_was(scope):
    scope('mmseg')
    model = segmentor(dict(type='ASPPHead', dilations=(1, 2)), **RESNET).train()
    convert_padding(model)
    trail, state = align_decoder(model), torch.get_rng_state()
    require_equivariance(model)
    assert model.training
    assert trail.offsets == {}
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert torch.equal(state, torch.get_rng_state())


def test_all_scores_of_a_head_are_put_right(scope):
    """Position and channel attention have scores of their own, and a loss each."""
    scope('mmseg')
    model = segmentor(dict(type='DAHead', pam_channels=4), **RESNET).double().eval()
    convert_padding(model)
    align_decoder(model)
    x, shift = torch.randn(1, 3, 64, 64).double(), (3, 5)
    with torch.no_grad():
        still, moved = (model.decode_head(model.backbone(image)) for image in (x, x.roll(shift, (-2, -1))))
    assert len(still) == 3
    for before, after in zip(still, moved, strict=True):
        torch.testing.assert_close(after, before.roll(shift, (-2, -1)))


@pytest.mark.parametrize('hook', [AlignedDecodeHook, CircularPaddingHook, ExactEquivarianceHook])
def test_test_time_augmentation_wraps_a_model(scope, hook):
    scope('mmseg')
    from mmseg.models import SegTTAModel
    model = segmentor(dict(type='FCNHead', num_convs=1, concat_input=False), **RESNET)
    tested = SegTTAModel(module=model)
    hook().before_run(SimpleNamespace(model=tested))
    assert hasattr(model.backbone, 'trail') == (hook is not CircularPaddingHook)
    assert hasattr(model, 'circular_resizes') == (hook is not AlignedDecodeHook)
    assert not hasattr(tested, 'circular_resizes')


def test_resizes_that_run_again_in_the_backward_are_refused(scope):
    scope('mmseg')
    unet = dict(base='UNet', base_channels=4, num_stages=3, strides=(1, 1, 1), enc_num_convs=(1, 1, 1),
                dec_num_convs=(1, 1), downsamples=(True, True), enc_dilations=(1, 1, 1), dec_dilations=(1, 1))
    head = dict(type='FCNHead', in_channels=4, in_index=2, num_convs=1, concat_input=False)
    convert_padding(segmentor(head, **unet))
    with pytest.raises(ValueError, match='runs its resizes again in the backward, .*: set with_cp=False'):
        convert_padding(segmentor(head, with_cp=True, **unet))
    convert_padding(segmentor(dict(type='FCNHead', num_convs=1, concat_input=False), with_cp=True, **RESNET))


class StdConv2dSame(nn.Conv2d):
    """Pads by itself, as its name says to whoever knows timm, and standardises its weight."""

    def forward(self, x):
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return nn.functional.conv2d(nn.functional.pad(x, (0, 1, 0, 1)), weight, self.bias, self.stride)


def test_a_convolution_that_does_more_than_pad_is_not_replaced():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), StdConv2dSame(4, 4, 3, stride=2), nn.ReLU(),
                        nn.MaxPool2d(2), nn.Conv2d(4, 4, 1))
    with pytest.raises(ValueError, match="2: StdConv2dSame does more than pad, .* placement='before'"):
        convert_downsampling(net, dict(type='TIPS'))
    assert isinstance(net[4], nn.MaxPool2d)  # nothing has been exchanged


class Merging(nn.Sequential):
    """Has a method as timm's networks have one, and a module of the name of another."""

    def __init__(self, *modules):
        super().__init__(*modules)
        self.fuse = nn.Identity()

    def forward(self, x):
        return self[1](self[0](x))

    def reparameterize(self):
        raise AssertionError('merged')


def test_other_names_of_merging_are_refused_too():
    net = nn.Sequential(Merging(nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 1)))
    convert_downsampling(net, dict(type='TIPS'), dict(stem_conv=dict(type='TIPS')))
    with pytest.raises(RuntimeError, match='would lose the operators'):
        net[0].reparameterize()
    assert isinstance(net[0].fuse, nn.Identity)
