# Copyright (c) mmtips authors. All rights reserved.
"""The operation for maps on a GPU, in kernels that Triton compiles."""
