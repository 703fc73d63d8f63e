# Copyright (c) mmtips authors. All rights reserved.
"""Find the stride sites of a built backbone and put an operator there."""

from mmtips.surgery.convert import convert_downsampling, run_before
from mmtips.surgery.sites import Site, find_sites

__all__ = ['Site', 'convert_downsampling', 'find_sites', 'run_before']
