# Copyright (c) mmtips authors. All rights reserved.
"""Fused kernels behind the operators: the formulas of ``functional`` without the maps in between."""
