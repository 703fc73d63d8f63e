# Copyright (c) mmtips authors. All rights reserved.
"""Exchangeable downsampling for MMSegmentation and MMPretrain.

``custom_imports = dict(imports=['mmtips'])`` in a config is all a user adds: importing the package mends what keeps the
OpenMMLab stack from running on current PyTorch and registers every class of this package.
"""

from mmtips import compat
from mmtips.version import __version__

compat.apply()  # before anything of the hosts is imported

from mmtips import backbones, datasets, downsampling, evaluation, hooks, losses, robustness, surgery  # noqa: E402

__all__ = ['__version__', 'backbones', 'compat', 'datasets', 'downsampling', 'evaluation', 'hooks',
           'losses', 'robustness', 'surgery']
