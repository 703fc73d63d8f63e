# Copyright (c) mmtips authors. All rights reserved.
"""Which operator goes where."""

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from mmtips.downsampling import Downsampler
from mmtips.surgery import ROLES, convert_downsampling, convert_padding, find_sites, plan_sites

TIPS, BLUR, MEAN = dict(type='TIPS'), dict(type='BlurPool'), dict(type='AvgPool')
RESNET = {
    'conv1': 'stem_conv', 'maxpool': 'stem_pool', 'layer2.0.conv1': 'main', 'layer2.0.downsample.0': 'skip',
    'layer3.0.conv1': 'main', 'layer3.0.downsample.0': 'skip', 'layer4.0.conv1': 'main',
    'layer4.0.downsample.0': 'skip'
}


@pytest.fixture
def resnet(scope):
    scope('mmpretrain')
    return MODELS.build(dict(type='ResNet', depth=18, base_channels=4, stem_channels=4))


def roles(net):
    return {site.strided: site.role for site in find_sites(net)}


def named(net, *choices):
    plan = plan_sites(find_sites(net), *choices)
    return {path: choice and choice['type'] for path, choice in plan.items()}


def test_the_stem_convolution_stays_by_default(resnet):
    expected = {path: None if role == 'stem_conv' else 'TIPS' for path, role in RESNET.items()}
    assert named(resnet, TIPS) == expected


def test_every_role_has_a_choice_of_its_own(resnet):
    choices = dict(stem_conv=BLUR, stem_pool=None, main=MEAN, skip=TIPS, context_pool=None)
    assert set(choices) == set(ROLES)
    expected = {path: choices[role] and choices[role]['type'] for path, role in RESNET.items()}
    assert named(resnet, dict(type='MaxPool'), choices) == expected


def test_the_last_match_counts(resnet):
    plan = named(resnet, TIPS, {'layer4.*': BLUR, 'skip': None, 'layer3.0.downsample.0': MEAN})
    assert plan['layer4.0.conv1'] == 'BlurPool'
    assert plan['layer4.0.downsample.0'] is None
    assert plan['layer3.0.downsample.0'] == 'AvgPool'
    assert plan['layer2.0.conv1'] == 'TIPS'


def test_the_plan_is_what_is_built(resnet):
    x = torch.randn(2, 3, 64, 64)
    shapes = [y.shape for y in resnet(x)]
    convert_downsampling(resnet, TIPS, dict(stem_conv=BLUR, skip=MEAN, main=None))
    operators = {path: type(module).__name__ for path, module in resnet.named_modules()
                 if isinstance(module, Downsampler)}
    skips = {f'layer{i}.0.downsample.0.downsampler': 'AvgPool' for i in (2, 3, 4)}
    assert operators == {'maxpool.downsampler': 'BlurPool', 'maxpool': 'TIPS'} | skips
    assert resnet.layer2[0].conv1.stride == (2, 2)
    assert [y.shape for y in resnet(x)] == shapes


def test_roles_without_blocks():
    """The stem is what reads the image, and a pool after it; a pool of the image has no convolution to be left."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 1, 2))
    assert list(roles(net).values()) == ['stem_conv', 'stem_pool', 'main']
    assert list(roles(nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(3, 4, 3, 2, 1))).values()) == ['main', 'stem_conv']
    assert list(roles(nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2))).values()) == ['main']


def test_a_wide_mean_is_left():
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.AvgPool2d(5, 2, 2), nn.AvgPool2d(3, 2, 1))
    assert list(roles(net).values()) == ['context_pool', 'main']
    assert named(net, TIPS) == {'1': None, '2': 'TIPS'}


def test_res2net_has_four_branches_and_a_skip(scope):
    """Its blocks hold the skip's projection before the main branch, and pool one part of their channels."""
    scope('mmpretrain')
    net = MODELS.build(dict(type='Res2Net', depth=50, base_channels=4, stem_channels=4, scales=4))
    sites = {site.strided: site for site in find_sites(net)}
    block = [path for path in sites if path.startswith('layer2')]
    assert block == [*(f'layer2.0.convs.{i}' for i in range(3)), 'layer2.0.pool', 'layer2.0.downsample.0']
    assert [sites[path].role for path in block] == ['main'] * 4 + ['skip']
    assert {sites[path].block for path in block} == {'layer2.0.convs.0'}


def test_a_backbone_inside_a_backbone_is_no_block(scope, resnet):
    net = nn.Sequential(resnet)
    assert list(roles(net).values()) == list(RESNET.values())
    assert {site.block for site in find_sites(net)} == {'', *(f'0.layer{i}.0.conv1' for i in (2, 3, 4))}


def test_what_is_built_follows_its_backbone(resnet):
    resnet.double().eval()
    convert_downsampling(resnet, dict(type='LPS'), dict(stem_conv=dict(type='SPDConv')))
    x = torch.randn(1, 3, 64, 64).double()
    assert torch.equal(resnet(x)[0], resnet(x)[0])
    assert not any(module.training for module in resnet.modules())


class TestRefusals:

    @pytest.mark.parametrize(('sites', 'error', 'message'), [
        ({'stem': None}, ValueError, "sites: 'stem' is no role .* and matches none of the stride sites: "),
        ({'*': None}, ValueError, 'ResNet: .* leaves none of the stride sites'),
        (['conv1'], TypeError, r"sites: expected a dict .* got \['conv1'\]"),
        ({'skip': 'APS'}, TypeError, r"sites\['skip'\]: expected a dict with 'type'"),
        ({'skip': dict(type='Tipps')}, KeyError, r"sites\['skip'\] type 'Tipps' is not registered"),
        ({'skip': dict(type='BlurPool', size=3)}, TypeError,
         r"layer2.0.downsample.0: BlurPool: expected options among .* got \['size'\]"),
    ])
    def test_sites(self, resnet, sites, error, message):
        with pytest.raises(error, match=message):
            convert_downsampling(resnet, TIPS, sites)

    @pytest.mark.parametrize(('main', 'there'), [(None, 'no operator'), (BLUR, 'a BlurPool without one phase'),
                                                 (TIPS, 'a TIPS without one phase'),
                                                 (dict(type='APS', per_channel=True), 'a APS without one phase')])
    def test_a_skip_that_shares_needs_a_main_branch_that_selects(self, resnet, main, there):
        with pytest.raises(ValueError, match=f'APS on a branch of a block .* has {there}'):
            convert_downsampling(resnet, dict(type='APS'), dict(main=main))
        assert resnet.layer2[0].conv1.stride == (2, 2)

    def test_space_to_depth_fails_before_the_first_change(self):
        net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, (1, 3), 2, (0, 1)))
        with pytest.raises(ValueError, match='2: SPDConv: expected a plain square convolution'):
            convert_downsampling(net, dict(type='SPDConv'))
        assert type(net[1]) is nn.Conv2d

    def test_padding_before_surgery(self, resnet):
        convert_padding(resnet)
        with pytest.raises(ValueError, match='ResNet has been padded circularly: convert its downsampling before'):
            convert_downsampling(resnet, TIPS)

    def test_a_skip_that_shares_nothing_does_not_care(self, resnet):
        sites = convert_downsampling(resnet, dict(type='APS', per_channel=True), dict(main=None))
        assert [site.role for site in sites] == ['stem_pool', 'skip', 'skip', 'skip']
