# Copyright (c) mmtips authors. All rights reserved.
"""An observer of TIPS that remembers what it saw."""


class Witness:
    """Asks for one and the same shift at every map."""

    def __init__(self, shift=None, mode='standard'):
        self.shift = shift
        self.mode = mode
        self.seen = []

    def undo_shift(self, size):
        assert len(size) == 2
        return self.shift

    def __call__(self, phase_weights, undo):
        self.seen.append((phase_weights, undo))
