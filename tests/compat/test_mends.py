# Copyright (c) mmtips authors. All rights reserved.
import sys
import types

import pytest

from mmtips.compat import mends
from mmtips.compat.mends import FAILED, MENDED, NOT_NEEDED, NOT_PRESENT, Mend, apply_mends, outcome_of, rebind


class Fault:
    """A fault that can be mended, counting how often it was."""

    def __init__(self, exists: bool = True, stays: bool = False) -> None:
        self.exists, self.stays, self.applied = exists, stays, 0

    def apply(self) -> None:
        self.applied += 1
        self.exists = self.stays

    def mend(self, *packages: str) -> Mend:
        return Mend('probe', 'a made-up fault', packages, lambda: self.exists, self.apply)


@pytest.fixture(autouse=True)
def no_outcomes(monkeypatch):
    monkeypatch.setattr(mends, '_outcomes', {})


def test_existing_fault_is_mended_once():
    fault = Fault()
    mend = fault.mend()
    assert outcome_of(mend) == 'not tried'
    apply_mends((mend, ))
    apply_mends((mend, ))
    assert outcome_of(mend) == MENDED
    assert fault.applied == 1


def test_healthy_stack_is_left_alone():
    fault = Fault(exists=False)
    mend = fault.mend('mmengine')
    apply_mends((mend, ))
    assert outcome_of(mend) == NOT_NEEDED
    assert fault.applied == 0


def test_missing_package_is_left_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mmseg', None)
    fault = Fault()
    mend = fault.mend('mmengine', 'mmseg')
    apply_mends((mend, ))
    assert outcome_of(mend) == NOT_PRESENT
    assert fault.applied == 0


def test_mend_that_fails_warns_and_lets_the_next_one_work():
    stubborn, other = Fault(stays=True), Fault()
    second = Mend('second', 'another made-up fault', (), lambda: other.exists, other.apply)
    with pytest.warns(UserWarning, match="expected to mend 'probe'.*still there.*python -m mmtips.compat"):
        apply_mends((stubborn.mend(), second))
    assert outcome_of(stubborn.mend()).startswith(FAILED)
    assert outcome_of(second) == MENDED


def test_rebind_reaches_every_loaded_copy_of_the_hosts_only(monkeypatch):

    def original() -> None:
        pass

    def replacement() -> None:
        pass

    names = ('mmengine.probe_a', 'mmseg.probe_b', 'unrelated_probe')
    for name in names:
        module = types.ModuleType(name)
        module.function = module.alias = original
        monkeypatch.setitem(sys.modules, name, module)
    rebind(original, replacement)
    for name in names:
        expected = original if name == 'unrelated_probe' else replacement
        assert sys.modules[name].function is expected
        assert sys.modules[name].alias is expected
