# Copyright (c) mmtips authors. All rights reserved.
"""What users' own operators can be tested with."""

from mmtips.testing.contract import CONTRACT, ContractViolation
from mmtips.testing.shift_error import ShiftError, shift_error

__all__ = ['CONTRACT', 'ContractViolation', 'ShiftError', 'shift_error']
