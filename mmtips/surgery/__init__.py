# Copyright (c) mmtips authors. All rights reserved.
"""Change a built model: exchange its downsampling, pad it circularly, align its decoder. No parameter is renamed."""

from mmtips.surgery.alignment import align_decoder, equivariant_operators
from mmtips.surgery.convert import convert_downsampling, run_before
from mmtips.surgery.padding import convert_padding
from mmtips.surgery.plan import DEFAULT_SITES, plan_sites
from mmtips.surgery.sites import ROLES, Site, find_sites, strided_modules

__all__ = ['DEFAULT_SITES', 'ROLES', 'Site', 'align_decoder', 'convert_downsampling', 'convert_padding',
           'equivariant_operators', 'find_sites', 'plan_sites', 'run_before', 'strided_modules']
