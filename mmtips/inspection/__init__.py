# Copyright (c) mmtips authors. All rights reserved.
"""Look at a built network, of any host: how its maps flow, and what that does to their resolution."""

from mmtips.inspection.dataflow import Dataflow
from mmtips.inspection.describe import Change, Description, describe
from mmtips.inspection.recording import record
from mmtips.inspection.strided import strided_modules

__all__ = ['Change', 'Dataflow', 'Description', 'describe', 'record', 'strided_modules']
