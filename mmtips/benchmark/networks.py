# Copyright (c) mmtips authors. All rights reserved.
"""The whole networks that are measured, of the hosts' own parts."""

from typing import Any

import torch
from mmengine.registry import MODELS
from torch import nn

NORM = dict(type='BN')
LOSS = dict(type='CrossEntropyLoss', loss_weight=1.0)


def _backbone(base: str, host: str, options: dict[str, Any], exchange: dict[str, Any]) -> dict[str, Any]:
    """Config of a host's backbone; what ``exchange`` holds goes to the surgery, and with nothing it is left alone."""
    kind = dict(type='TIPSBackbone', base=f'{host}.{base}', **exchange) if exchange else dict(type=f'{host}.{base}')
    return dict(kind, **options)


def resnet50(**exchange: Any) -> nn.Module:
    """ResNet-50 of MMPretrain.

    Args:
        **exchange: Options of :func:`mmtips.backbones.build_backbone`, such as ``downsampler``; none for the stock
            network.

    Returns:
        The backbone, which gives its last map.
    """
    import mmpretrain.models  # noqa: F401 - a benchmark of layers needs no host
    return MODELS.build(dict(_backbone('ResNet', 'mmpretrain', dict(depth=50), exchange), _scope_='mmpretrain'))


def deeplabv3plus(depth: int = 50, **exchange: Any) -> nn.Module:
    """DeepLabV3+ with ResNetV1c at stride 8, as the host's ``deeplabv3plus_r50-d8`` and ``_r18-d8``.

    Args:
        depth: 18 or 50.
        **exchange: As for :func:`resnet50`.

    Returns:
        The segmentor without its auxiliary head; called with a tensor it gives logits at a quarter of the size.
    """
    backbone = dict(depth=depth, num_stages=4, out_indices=(0, 1, 2, 3), dilations=(1, 1, 2, 4), strides=(1, 2, 1, 1),
                    norm_cfg=NORM, norm_eval=False, style='pytorch', contract_dilation=True)
    sizes = {18: dict(in_channels=512, channels=128, c1_in_channels=64, c1_channels=12),
             50: dict(in_channels=2048, channels=512, c1_in_channels=256, c1_channels=48)}
    head = dict(type='DepthwiseSeparableASPPHead', in_index=3, dilations=(1, 12, 24, 36), dropout_ratio=0.1,
                num_classes=19, norm_cfg=NORM, align_corners=False, loss_decode=LOSS, **sizes[depth])
    return _segmentor(_backbone('ResNetV1c', 'mmseg', backbone, exchange), head)


def unet(**exchange: Any) -> nn.Module:
    """U-Net of five stages with an FCN head, as the host's ``fcn_unet_s5-d16``.

    Args:
        **exchange: As for :func:`resnet50`.

    Returns:
        The segmentor without its auxiliary head; called with a tensor it gives logits of the same size.
    """
    head = dict(type='FCNHead', in_channels=64, in_index=4, channels=64, num_convs=1, concat_input=False,
                dropout_ratio=0.1, num_classes=19, norm_cfg=NORM, align_corners=False, loss_decode=LOSS)
    return _segmentor(_backbone('UNet', 'mmseg', dict(norm_cfg=NORM), exchange), head)


def _segmentor(backbone: dict[str, Any], head: dict[str, Any]) -> nn.Module:
    import mmseg.models  # noqa: F401
    return _Logits(MODELS.build(dict(type='EncoderDecoder', backbone=backbone, decode_head=head, train_cfg=dict(),
                                     test_cfg=dict(mode='whole'), _scope_='mmseg')))


class _Logits(nn.Module):
    """A segmentor's way from image to logits; its data preprocessor, which compiles to nothing, is not run."""

    def __init__(self, segmentor: Any) -> None:
        super().__init__()
        self.backbone, self.head = segmentor.backbone, segmentor.decode_head

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(x))
