# Copyright (c) mmtips authors. All rights reserved.
import pytest
import torch

from mmtips.benchmark.timing import Job, interleave, ratio, spread

CPU = torch.device('cpu')


class Clock:
    """Stands still but for the calls that say how long they take."""

    def __init__(self, monkeypatch):
        self.now, self.log = 0., []
        monkeypatch.setattr('mmtips.report.cost.time.perf_counter', lambda: self.now)

    def job(self, name, ms):
        def call():
            self.now += ms / 1000
            self.log.append(name)

        return Job(call)


def test_every_round_runs_every_job_in_an_order_that_turns(monkeypatch):
    clock, rounds = Clock(monkeypatch), []
    times = interleave({name: clock.job(name, ms) for name, ms in dict(a=6, b=18, c=9).items()}, CPU, 3, rounds.append)
    assert rounds == [0, 1, 2, 3]
    assert ''.join(clock.log) == 'aabbcc' + 'bbccaa' + 'ccaabb' + 'aabbcc'
    assert times == {'a': pytest.approx([6] * 3), 'b': pytest.approx([18] * 3), 'c': pytest.approx([9] * 3)}


def test_a_sample_of_a_short_call_is_many_calls(monkeypatch):
    clock = Clock(monkeypatch)
    times = interleave(dict(a=clock.job('a', 2), b=clock.job('b', 0.001)), CPU, 2)
    assert clock.log.count('a') == 2 + 2 * (1 + 3)  # three of 2 ms are the first that last 5
    assert clock.log.count('b') == 2 + 2 * (1 + 200)
    assert times['a'] == pytest.approx([2, 2])
    assert times['b'] == pytest.approx([0.001, 0.001])


def test_what_prepares_is_not_timed(monkeypatch):
    clock = Clock(monkeypatch)
    slow = clock.job('prepare', 50).call
    assert interleave(dict(a=Job(clock.job('a', 7).call, slow)), CPU, 2)['a'] == pytest.approx([7, 7])


def test_quartiles_and_ratios_by_hand():
    assert spread([5, 1, 2, 4, 3]) == dict(median=3, low=2, high=4)
    # The ratio within the rounds is 2 each time, whatever the machine does in between; that of the medians is not.
    assert ratio([2, 20, 8], [1, 10, 4]) == dict(median=2, low=2, high=2)


def test_too_few_rounds():
    with pytest.raises(ValueError, match='rounds: expected at least 2, got 1'):
        interleave({}, CPU, 1)
