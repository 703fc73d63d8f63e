# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch
from mmengine.registry import MODELS, DefaultScope

from mmtips.backbones import NAMED
from mmtips.downsampling import TIPS, BlurPool

HOSTS = ['mmseg', 'mmpretrain']


def operators(model, kind):
    return sum(isinstance(module, kind) for module in model.modules())


@pytest.mark.parametrize('host', HOSTS)
@pytest.mark.parametrize('name', [name for name in NAMED if name != 'UNet'])
def test_named_forms_build_the_active_hosts_own_class(scope, host, name):
    scope(host)
    model = MODELS.build(dict(type=f'TIPS{name}', depth=18))
    assert type(model).__module__.startswith(host)
    assert type(model).__name__ == name
    assert operators(model, TIPS) == 7  # all sites but the convolution of the stem
    every = MODELS.build(dict(type=f'TIPS{name}', depth=18, sites=dict(stem_conv=dict(type='TIPS'))))
    assert operators(every, TIPS) == 8


def test_unet(scope):
    scope('mmseg')
    assert operators(MODELS.build(dict(type='TIPSUNet', base_channels=4)), TIPS) == 4


def test_any_base_and_any_operator(scope):
    scope('mmpretrain')
    cfg = dict(type='TIPSBackbone', base='ResNet_CIFAR', depth=18, downsampler=dict(type='BlurPool', filter_size=5))
    assert operators(MODELS.build(cfg), BlurPool) == 6


def test_a_placement_for_all_and_for_a_site(scope):
    scope('mmseg')
    cfg = dict(type='TIPSResNet', depth=18, downsampler=dict(type='BlurPool', placement='block'),
               sites={'layer4.*': dict(type='BlurPool')})
    model = MODELS.build(cfg)
    places = {path for path, module in model.named_modules() if isinstance(module, BlurPool)}
    assert places == {'maxpool.pool', 'layer2.0.downsampler', 'layer3.0.downsampler', 'layer4.0.conv2.downsampler',
                      'layer4.0.downsample.0.downsampler'}
    assert cfg['downsampler'] == dict(type='BlurPool', placement='block')


def test_the_other_host_may_be_named(scope):
    pytest.importorskip('mmpretrain.models')
    scope('mmseg')
    model = MODELS.build(dict(type='TIPSBackbone', base='mmpretrain.ResNet', depth=18))
    assert type(model).__module__.startswith('mmpretrain')


def test_a_backbone_of_another_size(scope):
    scope('mmpretrain')
    cfg = dict(type='TIPSBackbone', base='TinyViT', arch='5m', img_size=(64, 64))
    with pytest.raises(ValueError, match=r'could not be run on an image of shape \(1, 3, 224, 224\).*input_size='):
        MODELS.build(cfg)
    assert operators(MODELS.build(dict(cfg, input_size=(3, 64, 64))), TIPS) > 0


def test_scope_key_of_inherited_configs(scope):
    pytest.importorskip('mmpretrain.models')
    scope('mmseg')
    model = MODELS.build(dict(type='TIPSResNet', depth=18, _scope_='mmpretrain'))
    assert type(model).__module__.startswith('mmpretrain')


def test_the_config_is_not_changed(scope):
    scope('mmseg')
    cfg = dict(type='TIPSResNet', depth=18, downsampler=dict(type='BlurPool'))
    MODELS.build(cfg)
    assert cfg == dict(type='TIPSResNet', depth=18, downsampler=dict(type='BlurPool'))


def test_unknown_base_says_what_to_do(scope):
    scope('mmseg')
    with pytest.raises(KeyError, match="base='ResNex' is not registered in the active scope 'mmseg'"):
        MODELS.build(dict(type='TIPSBackbone', base='ResNex'))


@pytest.mark.parametrize('host', HOSTS)
def test_errors_of_the_host_come_through(scope, host):
    scope(host)
    with pytest.raises(KeyError, match='invalid depth 19'):
        MODELS.build(dict(type='TIPSResNet', depth=19))


def test_unknown_operator_lists_what_there_is(scope):
    scope('mmseg')
    with pytest.raises(KeyError, match="downsampler type 'TIPSY' is not registered: expected one of .*BlurPool"):
        MODELS.build(dict(type='TIPSResNet', depth=18, downsampler=dict(type='TIPSY')))


def test_missing_host_is_named(monkeypatch):
    monkeypatch.setattr('mmtips.hosts.find_spec', lambda name: None)
    with pytest.raises(ImportError, match="base='mmseg.ResNet' needs mmseg, which is not installed"):
        MODELS.build(dict(type='TIPSBackbone', base='mmseg.ResNet', depth=18))


@pytest.mark.parametrize('host', HOSTS)
def test_pretrained_checkpoints_load(scope, host, tmp_path):
    """A checkpoint of the stock network through the host's own init_cfg; only the operators keep their own start."""
    scope(host)
    stock = MODELS.build(dict(type='ResNet', depth=18))
    torch.save(dict(state_dict=stock.state_dict()), tmp_path / 'stock.pth')
    model = MODELS.build(dict(type='TIPSResNet', depth=18,
                              init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'stock.pth'))))
    before = model.get_submodule('layer2.0.conv2.downsampler').score_weight.clone()
    model.init_weights()
    assert torch.equal(model.layer3[1].conv1.weight, stock.layer3[1].conv1.weight)
    assert torch.equal(model.get_submodule('layer2.0.conv2.downsampler').score_weight, before)


def test_default_scope_is_left_as_it_was(scope):
    scope('mmseg')
    MODELS.build(dict(type='TIPSBackbone', base='mmpretrain.ResNet', depth=18))
    assert DefaultScope.get_current_instance().scope_name == 'mmseg'
