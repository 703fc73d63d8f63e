# Copyright (c) mmtips authors. All rights reserved.
"""The backbones that configs name: ``TIPSBackbone(base=...)`` and its named forms, and ``AllCNN``."""

from mmtips.backbones.all_cnn import AllCNN
from mmtips.backbones.builders import NAMED, build_backbone, stock_config

__all__ = ['NAMED', 'AllCNN', 'build_backbone', 'stock_config']
