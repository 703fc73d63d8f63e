# Copyright (c) mmtips authors. All rights reserved.
"""Whole networks that move exactly with their input: circular padding, operators that select, aligned decoders."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmengine.registry import MODELS
from torch import nn

from mmtips.downsampling.functional import wrap_border
from mmtips.report import measure_cost
from mmtips.surgery import align_decoder, convert_downsampling, convert_padding
from mmtips.surgery.alignment import move_each
from mmtips.surgery.padding import circular_resize

EXACT = {
    'APS': dict(type='APS'),
    'APS-3': dict(type='APS', antialias=3),
    'LPS': dict(type='LPS', hidden=16),
    'TIPS-anchor': dict(type='TIPS', anchor='norm'),
    'TIPS-anchor-learned': dict(type='TIPS', anchor='learned', taps=3),
}
NORM = dict(type='BN', requires_grad=True)


def resnet(cfg, depth=18):
    return MODELS.build(dict(type='TIPSResNet', depth=depth, base_channels=4, stem_channels=4, downsampler=cfg,
                             sites=dict(stem_conv=cfg)))


def randomise(model):
    """No batch norm is the identity any more, and no class wins everywhere."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.5
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.uniform_(module.bias, -1, 1)
    model.double().train()
    with torch.no_grad():
        for _ in range(8):
            model(torch.randn(4, 3, 64, 64).double())
        model.eval()  # which in a host's backbone returns nothing
        if hasattr(model, 'decode_head'):
            last = model.decode_head.conv_seg
            nn.init.normal_(last.weight)
            last.bias -= model(torch.randn(4, 3, 64, 64).double()).mean((0, 2, 3))


def textures(labels):
    """Noisy stripes where the label is 0 and checks where it is 1: ``(N, H, W)`` to ``(N, 3, H, W)``."""
    row, column = (torch.arange(side) // 4 % 2 for side in labels.shape[1:])
    pattern = (row[:, None] ^ column * labels).double() * 4 - 2
    return pattern[:, None] + torch.randn(len(labels), 3, *labels.shape[1:]).double()


def halves(count, height, width):
    """Labels that differ between the left and the right half: ``(N, H, W)``."""
    return (torch.arange(count)[:, None, None] + (torch.arange(width) < width // 2)).expand(-1, height, -1) % 2


def train(model):
    """Learn to tell stripes from checks, in images for a backbone and in pixels for a segmentor.

    In single precision, whose convolutions are several times as fast; the weights are handed over in double precision.
    """
    randomise(model)
    model.float().train()
    dense = hasattr(model, 'decode_head')
    optimizer, losses = torch.optim.AdamW(model.parameters(), lr=1e-2), []
    for _ in range(20):
        labels = halves(8, 64, 64) if dense else (torch.arange(8) % 2)[:, None, None].expand(8, 64, 64)
        maps = model(textures(labels).float())
        loss = F.cross_entropy(maps, labels) if dense else F.cross_entropy(maps[-1][:, :2].mean((-2, -1)),
                                                                           labels[:, 0, 0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0], losses
    model.double().eval()


def noise(height, width):
    return torch.randn(1, 3, height, width).double()


#: How a model is prepared, and images of the kind that it knows.
PREPARED = {'random': (randomise, noise), 'trained': (train, lambda h, w: textures(halves(1, h, w)))}


def pooled_under_all_shifts(backbone, x):
    """What a classifier sees of ``x``, still and under every circular shift of the total stride."""
    shifts = torch.cartesian_prod(torch.arange(32), torch.arange(32))
    with torch.no_grad():
        still = backbone(x)[-1].mean((-2, -1))
        moved = torch.cat([backbone(move_each(x.expand(len(part), -1, -1, -1), part))[-1].mean((-2, -1))
                           for part in shifts.split(256)])
    return still.expand_as(moved), moved


@pytest.mark.parametrize('cfg', EXACT.values(), ids=EXACT)
@pytest.mark.parametrize(('host', 'depth', 'prepare'), [('mmseg', 18, 'random'), ('mmpretrain', 18, 'trained'),
                                                        ('mmseg', 50, 'trained'), ('mmpretrain', 50, 'random')])
def test_logits_stay_under_every_shift_of_the_total_stride(scope, host, depth, prepare, cfg):
    """And for trained weights in float32, up to what docs/operators/README.md states: 1e-5 of the largest logit."""
    scope(host)
    torch.manual_seed(0)
    backbone = resnet(cfg, depth)
    convert_padding(backbone)
    change, image = PREPARED[prepare]
    change(backbone)
    x = torch.randn(1, 3, 32, 64)
    still, moved = pooled_under_all_shifts(backbone, image(32, 64))
    torch.testing.assert_close(moved, still, rtol=1e-10, atol=1e-10)
    if prepare == 'trained':
        still, moved = pooled_under_all_shifts(backbone.float(), x)
        assert (moved - still).abs().max() <= 1e-5 * still.abs().max()


@pytest.mark.parametrize('cfg', [dict(type='TIPS', padding_mode='circular'), dict(type='BlurPool')])
def test_other_operators_are_not_exact(scope, cfg):
    scope('mmseg')
    backbone = resnet(cfg)
    convert_padding(backbone)
    randomise(backbone)
    x = torch.randn(1, 3, 64, 64).double()
    with torch.no_grad():
        still, moved = (backbone(y)[-1].mean((-2, -1)) for y in (x, x.roll((1, 1), (-2, -1))))
    assert (still - moved).abs().max() > 1e-5 * still.abs().max()


def deeplab(cfg, dilations=(1, 12, 24, 36)):
    head = dict(type='DepthwiseSeparableASPPHead', in_channels=32, in_index=3, channels=8, dilations=dilations,
                c1_in_channels=4, c1_channels=4, dropout_ratio=0.1, num_classes=5, norm_cfg=NORM, align_corners=False,
                loss_decode=dict(type='CrossEntropyLoss'))
    backbone = dict(type='TIPSResNetV1c', depth=18, base_channels=4, stem_channels=4, out_indices=(0, 1, 2, 3),
                    strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), contract_dilation=True, norm_cfg=NORM,
                    downsampler=cfg, sites=dict(stem_conv=cfg))
    return MODELS.build(ConfigDict(type='EncoderDecoder', backbone=backbone, decode_head=head,
                                   test_cfg=dict(mode='whole')))


def unet(cfg, **options):
    head = dict(type='FCNHead', in_channels=4, in_index=-1, channels=4, num_convs=1, concat_input=False, num_classes=5,
                norm_cfg=NORM, align_corners=False, loss_decode=dict(type='CrossEntropyLoss'))
    backbone = dict(type='TIPSUNet', base_channels=4, downsampler=cfg, sites=dict(stem_conv=cfg), **options)
    return MODELS.build(ConfigDict(type='EncoderDecoder', backbone=backbone, decode_head=head,
                                   test_cfg=dict(mode='whole')))


def predictions(model, x):
    with torch.no_grad():
        return torch.stack([sample.pred_sem_seg.data[0] for sample in model(x, mode='predict')])


@pytest.mark.parametrize('cfg', EXACT.values(), ids=EXACT)
@pytest.mark.parametrize('build', [deeplab, unet])
@pytest.mark.parametrize('prepare', PREPARED)
def test_predictions_move_with_the_image(scope, prepare, build, cfg):
    """100 % circular consistency, at ASPP rates wider than the map."""
    scope('mmseg')
    torch.manual_seed(0)
    model = build(cfg)
    convert_padding(model)
    align_decoder(model)
    change, image = PREPARED[prepare]
    change(model)
    x = image(48, 64)
    if prepare == 'trained':  # after few steps one class may win everywhere
        with torch.no_grad():
            maps = model(x)
            lead = (maps[:, 0] - maps[:, 1]).flatten().sort().values
            lead = lead[len(lead) // 4:3 * len(lead) // 4]
            widest = lead.diff().argmax()  # where no pixel is near a tie
            model.decode_head.conv_seg.bias[1] += lead[widest:widest + 2].mean()
    shifts = torch.cartesian_prod(torch.arange(-3, 9), torch.arange(-3, 9))
    still = predictions(model, x)
    assert len(still.unique()) > 1
    moved = torch.cat([predictions(model, move_each(x.expand(len(part), -1, -1, -1), part))
                       for part in shifts.split(48)])
    assert torch.equal(move_each(moved[:, None], -shifts)[:, 0], still.expand_as(moved))


def on_a_canvas(thing, place, side=128):
    """A thing ``(N, 3, h, w)`` on an empty canvas, its first pixel at ``place``."""
    (i, j), canvas = place, thing.new_zeros(len(thing), 3, side, side)
    canvas[..., i:i + thing.shape[-2], j:j + thing.shape[-1]] = thing
    return canvas


def shallow_unet(cfg):
    """Sees 50 pixels at most, and nothing where nothing is: padding with zeros is what lies beyond an empty canvas."""
    model = unet(cfg, num_stages=3, strides=(1, 1, 1), enc_num_convs=(1, 1, 1), dec_num_convs=(1, 1),
                 downsamples=(True, True), enc_dilations=(1, 1, 1), dec_dilations=(1, 1))
    nn.init.normal_(model.decode_head.conv_seg.weight)
    nn.init.normal_(model.decode_head.conv_seg.bias, std=0.1)
    return model.double().eval()


@pytest.mark.parametrize('cfg', [EXACT['APS'], EXACT['TIPS-anchor']], ids=['APS', 'TIPS-anchor'])
def test_with_zero_padding_predictions_move_with_the_image(scope, cfg):
    scope('mmseg')
    torch.manual_seed(0)
    model, thing = shallow_unet(cfg), 3 * torch.randn(1, 3, 16, 16).double()
    plain = copy.deepcopy(model)
    assert align_decoder(model).border == 'replicate'
    places = [(i, j) for i in range(52, 60) for j in (50, 53, 56, 59)]
    seen = {of: [predictions(of, on_a_canvas(thing, (i, j)))[0, i - 40:i + 56, j - 40:j + 56] for i, j in places]
            for of in (model, plain)}
    assert len(seen[model][0].unique()) > 2
    assert all(torch.equal(of, seen[model][0]) for of in seen[model])
    assert not all(torch.equal(of, seen[plain][0]) for of in seen[plain])


def test_without_alignment_predictions_do_not_move_with_the_image(scope):
    scope('mmseg')
    model = deeplab(dict(type='APS'))
    convert_padding(model)
    randomise(model)
    x = torch.randn(1, 3, 48, 64).double()
    still = predictions(model, x)
    agree = [(predictions(model, x.roll((i, j), (-2, -1))) == still.roll((i, j), (-2, -1))).double().mean()
             for i in range(4) for j in range(4)]
    assert min(agree) < 0.99


def test_training_step_of_an_aligned_network(scope):
    scope('mmseg')
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    model = deeplab(dict(type='LPS', hidden=4))
    convert_padding(model)
    align_decoder(model)
    model.train()
    samples = [SegDataSample(gt_sem_seg=PixelData(data=torch.randint(0, 5, (1, 64, 64)))) for _ in range(2)]
    losses = model(torch.randn(2, 3, 64, 64), samples, mode='loss')
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    copy.deepcopy(model)


def test_the_cost_of_an_aligned_network_is_counted(scope):
    """The count traces the network, where sizes are tensors."""
    scope('mmseg')
    model = deeplab(dict(type='APS'))
    convert_padding(model)
    align_decoder(model)
    assert measure_cost(model, (3, 48, 64), repeats=2)['gmacs'] > 0


def test_labels_are_learned_where_they_lie(scope):
    """The loss of an aligned network is that of its own prediction: it does not change under a shift of both."""
    scope('mmseg')
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    model = deeplab(dict(type='APS'))
    convert_padding(model)
    align_decoder(model)
    randomise(model)
    x, labels = torch.randn(1, 3, 64, 64).double(), torch.randint(0, 5, (1, 64, 64))
    losses = []
    for shift in ((0, 0), (1, 3)):
        sample = SegDataSample(gt_sem_seg=PixelData(data=labels.roll(shift, (-2, -1))))
        losses.append(model(x.roll(shift, (-2, -1)), [sample], mode='loss')['decode.loss_ce'])
    torch.testing.assert_close(losses[0], losses[1])


@pytest.mark.parametrize('factor', [2, 3, 4])
def test_circular_resize_moves_with_the_map(factor):
    x = torch.randn(1, 2, 5, 6).double()
    size = (5 * factor, 6 * factor)
    out = circular_resize(x, size, mode='bilinear', align_corners=False)
    moved = circular_resize(x.roll((1, 2), (-2, -1)), size, mode='bilinear', align_corners=False)
    torch.testing.assert_close(moved, out.roll((factor, 2 * factor), (-2, -1)))
    inner = F.interpolate(x, size, mode='bilinear', align_corners=False)
    torch.testing.assert_close(out[..., factor:-factor, factor:-factor], inner[..., factor:-factor, factor:-factor])


def test_a_border_may_go_around_more_than_once():
    x = torch.arange(3.).reshape(1, 1, 1, 3)
    assert wrap_border(x, -1, 4, 4)[0, 0, 0].tolist() == [2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


def test_every_sample_rolls_by_itself():
    x, amounts = torch.randn(3, 2, 4, 5), torch.tensor([[0, 0], [1, -2], [-3, 7]])
    expected = torch.stack([sample.roll(tuple(amount), (-2, -1))
                            for sample, amount in zip(x, amounts.tolist(), strict=True)])
    assert torch.equal(move_each(x, amounts), expected)


def test_a_border_that_is_replicated():
    x, amounts = torch.randn(3, 2, 4, 5), torch.tensor([[0, 0], [1, -2], [-3, 7]])
    out = move_each(x, amounts, 'replicate')
    for n, (rows, columns) in enumerate(amounts.tolist()):
        for i in range(4):
            for j in range(5):
                assert torch.equal(out[n, :, i, j], x[n, :, min(max(i - rows, 0), 3), min(max(j - columns, 0), 4)])


def test_resizes_outside_the_model_stay_as_they_are():
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.Upsample(scale_factor=2, mode='bilinear'))
    convert_padding(model)
    x = torch.randn(1, 1, 4, 4)
    expected = F.interpolate(x, (8, 8), mode='bilinear')
    model(x)
    assert torch.equal(F.interpolate(x, (8, 8), mode='bilinear'), expected)
    with pytest.raises(RuntimeError):
        model(torch.randn(1, 2, 4, 4))
    assert torch.equal(F.interpolate(x, (8, 8), mode='bilinear'), expected)


def test_a_space_to_depth_network_is_padded_circularly_too(scope):
    """With circular padding a shift by the total stride moves the deepest map by one pixel, and loses nothing."""
    scope('mmpretrain')
    backbone = resnet(dict(type='SPDConv'))
    assert 'layer2.0.conv1' in convert_padding(backbone)
    randomise(backbone)
    x = noise(64, 96)
    with torch.no_grad():
        still, moved = backbone(x)[-1], backbone(x.roll((32, 64), (-2, -1)))[-1]
    torch.testing.assert_close(moved, still.roll((1, 2), (-2, -1)))


class TestRefusals:

    def test_padding_mode(self):
        with pytest.raises(ValueError, match="padding_mode: expected 'circular', got 'reflect'"):
            convert_padding(nn.Conv2d(1, 1, 3), 'reflect')

    def test_twice(self):
        model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1))
        convert_padding(model)
        with pytest.raises(ValueError, match='converted before'):
            convert_padding(model)

    def test_other_padding(self):
        with pytest.raises(ValueError, match='0: expected a module with zero padding'):
            convert_padding(nn.Sequential(nn.Conv2d(1, 1, 3, padding='same')))

    @pytest.mark.parametrize(('module', 'message'), [
        (nn.ConvTranspose2d(3, 3, 4, 2, 1), '1: a transposed convolution whose windows overlap'),
        (nn.AdaptiveAvgPool2d(2), '1: pooling over a grid of regions'),
    ])
    def test_what_has_a_border_of_another_kind(self, module, message):
        model = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), module)
        with pytest.raises(ValueError, match=message):
            convert_padding(model)
        assert model[0].padding == (1, 1)

    def test_bicubic_resize(self):
        with pytest.raises(ValueError, match='got bicubic'):
            circular_resize(torch.zeros(1, 1, 4, 4), (8, 8), mode='bicubic', align_corners=False)

    def test_alignment_twice(self, scope):
        scope('mmseg')
        model = deeplab(dict(type='APS'))
        align_decoder(model)
        with pytest.raises(ValueError, match='aligned before'):
            align_decoder(model)

    def test_resize_by_a_broken_factor(self):
        with pytest.raises(ValueError, match=r'resize by whole factors .* got \(4, 4\) to \(6, 6\)'):
            circular_resize(torch.zeros(1, 1, 4, 4), (6, 6), mode='bilinear', align_corners=False)

    def test_operators_that_select_nothing(self, scope):
        scope('mmseg')
        with pytest.raises(ValueError, match='operators that are not equivariant'):
            align_decoder(deeplab(dict(type='BlurPool')))

    def test_strides_left(self, scope):
        scope('mmseg')
        model = deeplab(dict(type='APS'))
        model.backbone.layer4[0].conv1.stride = (2, 2)
        with pytest.raises(ValueError, match=r"strides of its own at \['layer4.0.conv1'\]"):
            align_decoder(model)

    def test_sizes_off_the_grid(self, scope):
        scope('mmseg')
        model = deeplab(dict(type='APS')).eval()
        align_decoder(model)
        with pytest.raises(ValueError, match='multiples of 8'):
            predictions(model, torch.randn(1, 3, 50, 64))

    def test_a_plain_module_still_converts(self):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 4, 1))
        convert_downsampling(net, dict(type='APS'), dict(stem_conv=dict(type='APS')))
        assert convert_padding(net) == ['0']
