# Copyright (c) mmtips authors. All rights reserved.
"""The backbones that configs name: ``TIPSBackbone(base=...)`` and its named forms."""

from mmtips.backbones.builders import NAMED, build_backbone, stock_config

__all__ = ['NAMED', 'build_backbone', 'stock_config']
