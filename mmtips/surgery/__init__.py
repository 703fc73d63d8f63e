# Copyright (c) mmtips authors. All rights reserved.
"""Change a built model: exchange its downsampling, pad it circularly, align its decoder. No parameter is renamed."""

from mmtips.inspection import describe, strided_modules
from mmtips.surgery.alignment import align_decoder, equivariant_operators
from mmtips.surgery.branches import ROLES
from mmtips.surgery.carriers import run_after, run_before
from mmtips.surgery.convert import convert_downsampling
from mmtips.surgery.exactness import require_equivariance
from mmtips.surgery.padding import convert_padding
from mmtips.surgery.placement import PLACEMENTS
from mmtips.surgery.plan import DEFAULT_SITES, plan_sites
from mmtips.surgery.sites import Site, find_sites

__all__ = ['DEFAULT_SITES', 'PLACEMENTS', 'ROLES', 'Site', 'align_decoder', 'convert_downsampling', 'convert_padding',
           'describe', 'equivariant_operators', 'find_sites', 'plan_sites', 'require_equivariance',
           'run_after', 'run_before', 'strided_modules']
