# Copyright (c) mmtips authors. All rights reserved.
"""The downsampling operators: one contract, one registry, pure functions in :mod:`.functional`."""

from mmtips.downsampling import functional
from mmtips.downsampling.aps import APS
from mmtips.downsampling.base import GUARANTEES, Downsampler
from mmtips.downsampling.blur_pool import BlurPool
from mmtips.downsampling.choosers import LearnedChooser
from mmtips.downsampling.ddac import DDAC
from mmtips.downsampling.lps import LPS
from mmtips.downsampling.pooling import AvgPool, MaxPool
from mmtips.downsampling.registry import DOWNSAMPLERS, build_downsampler, operator_class
from mmtips.downsampling.selection import PhaseSelector
from mmtips.downsampling.spd_conv import SpaceToDepthConv2d, SPDConv
from mmtips.downsampling.strided_conv import StridedConv
from mmtips.downsampling.tips import TIPS

__all__ = [
    'APS', 'DDAC', 'DOWNSAMPLERS', 'GUARANTEES', 'LPS', 'TIPS', 'AvgPool', 'BlurPool', 'Downsampler', 'LearnedChooser',
    'MaxPool', 'PhaseSelector', 'SPDConv', 'SpaceToDepthConv2d', 'StridedConv', 'build_downsampler', 'functional',
    'operator_class'
]
