# Copyright (c) mmtips authors. All rights reserved.
import types

import pytest

from mmtips.benchmark.shares.meter import REST, Meter, profile_row


class Clock:
    """Stands still unless it is told to go."""

    def __init__(self):
        self.now = 100.

    def __call__(self):
        return self.now

    def go(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def test_each_moment_belongs_to_the_innermost_part(clock):
    meter = Meter(clock=clock)
    clock.go(1)
    with meter.part('outer'):
        clock.go(2)
        with meter.part('inner'):
            clock.go(4)
        clock.go(8)
    clock.go(16)
    assert meter.so_far() == {REST: 17, 'outer': 10, 'inner': 4}
    clock.go(32)
    assert meter.so_far()[REST] == 49


def test_what_ran_before_has_a_name(clock):
    meter = Meter(start=60., first='imports', clock=clock)
    clock.go(1)
    assert meter.so_far() == {'imports': 40, REST: 1}


def test_an_undivided_part_swallows_what_is_inside(clock):
    meter = Meter(clock=clock)
    with meter.undivided('outer'):
        with meter.part('inner'), meter.undivided('another'):
            clock.go(1)
        clock.go(2)
    with meter.part('inner'):
        clock.go(4)
    assert meter.so_far() == {REST: 0, 'outer': 3, 'inner': 4}


def test_an_error_closes_its_part(clock):
    meter = Meter(clock=clock)
    meter.watch(clock, 'go', 'broken', undivided=True)
    with pytest.raises(TypeError):
        clock.go('no number')
    clock.now += 1
    meter.release()
    with meter.part('next'):
        clock.go(2)
    assert meter.so_far() == {REST: 1, 'broken': 0, 'next': 2}


def test_functions_and_methods_are_watched_until_they_are_released(clock):
    class Worker:
        def work(self, seconds):
            """Work."""
            clock.go(seconds)
            return seconds

    meter, worker, module = Meter(clock=clock), Worker(), types.ModuleType('m')
    module.work = original = worker.work
    meter.watch(worker, 'work', 'method')
    meter.watch(module, 'work', 'function')
    assert worker.work(1) == 1
    assert module.work(seconds=2) == 2
    assert module.work.__doc__ == 'Work.'
    meter.release()
    worker.work(4)
    assert module.work is original
    assert 'work' not in vars(worker)
    assert meter.so_far() == {REST: 4, 'method': 1, 'function': 2}
    with pytest.raises(AttributeError, match="no attribute 'rest'"):
        meter.watch(worker, 'rest', 'x')


def test_a_row_is_of_one_unit():
    assert profile_row('training', 'TIPS', 'later', 'iteration', 4, {'a': 2., 'b': 0.})['parts'] == {'a': 500, 'b': 0}
