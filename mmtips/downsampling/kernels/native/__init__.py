# Copyright (c) mmtips authors. All rights reserved.
"""The operation in C, for maps in a CPU's memory; compiled with the package where there is a compiler."""
