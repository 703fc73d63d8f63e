# Copyright (c) mmtips authors. All rights reserved.
import base64
import io
import pickle

import pytest
import torch

from mmtips.evaluation.journal import Journal
from tests.evaluation.toys import make_runner


def test_entries_survive_and_a_torn_one_is_dropped(tmp_path):
    path = tmp_path / 'a/b.journal'
    first = Journal(path)
    first.append(dict(x=torch.ones(2), names=['a']))
    first.append([1, 2.5, None])
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])  # the writer was killed
    again = Journal(path)
    assert again.entries[0]['x'].tolist() == [1, 1]
    assert again.entries[1] == [1, 2.5, None]
    assert path.read_bytes() == whole
    again.append('next')
    assert Journal(path).entries[2] == 'next'
    again.remove()
    assert not path.exists()


def test_what_could_run_code_is_neither_written_nor_read(tmp_path):

    class Anything:
        pass

    journal = Journal(tmp_path / 'x')
    with pytest.raises(TypeError, match='expected tensors, numbers, strings'):
        journal.append([Anything])
    assert (tmp_path / 'x').read_bytes() == b''
    buffer = io.BytesIO()
    torch.save(Executed(), buffer)
    (tmp_path / 'x').write_bytes(base64.b64encode(buffer.getvalue()) + b'\n')
    with pytest.raises(pickle.UnpicklingError, match='Weights only load failed'):
        Journal(tmp_path / 'x')
    assert not executed


def test_files_that_are_none_of_ours_and_places_that_cannot_be_written(tmp_path):
    (tmp_path / 'x').write_bytes(b'\xff\xfe\n')
    with pytest.raises(ValueError, match='x holds no lines of text'):
        Journal(tmp_path / 'x')
    with pytest.raises(OSError, match='y cannot be written to .*name a file elsewhere'):
        Journal(tmp_path / 'x/y')


executed = []


class Executed:
    """What a stranger's file could hold."""

    def __reduce__(self):
        return executed.append, (1, )


class Killed(Exception):
    pass


@pytest.mark.parametrize('task', ['segmentation', 'classification'])
def test_an_evaluation_that_was_killed_goes_on_where_it_was(tmp_path, task):
    options = dict(task=task, batch_size=1, sampling_images=2,
                   shift_map=dict(protocol='standard', max_shift=2, images=3))
    whole = make_runner(tmp_path / 'whole', 'position', **options)
    expected = whole.test()
    killed = make_runner(tmp_path / 'killed', 'position', journal=str(tmp_path / 'shift'), **options)
    calls = []

    def forward(*args, **kwargs):
        calls.append(1)
        if len(killed.test_loop.metric.results) == 4:
            raise Killed
        return type(killed.model).forward(killed.model, *args, **kwargs)

    killed.model.forward = forward
    with pytest.raises(Killed):
        killed.test()
    again = make_runner(tmp_path / 'again', 'position', journal=str(tmp_path / 'shift'), **options)
    assert again.test_loop.measured == 4
    views = []
    again.model.register_forward_hook(lambda *_: views.append(1))
    assert again.test() == expected
    assert again.test_loop.metric.summaries == whole.test_loop.metric.summaries
    site, = again.test_loop.metric.summaries['sampling']['sites']
    assert (site['path'], site['selection']) == ('pool', 1)  # from the journal: neither image was run again
    assert 0 < len(views) < len(calls)  # two of six images were left
    assert again.test_loop.image_shape == (3, 24, 32)


def test_a_metric_that_keeps_more_than_figures_is_told_of(tmp_path, caplog):
    runner = make_runner(tmp_path, 'pixel', journal=str(tmp_path / 'shift'))
    accuracy = runner.test_loop.evaluator.metrics[0]
    accuracy.process = lambda batch, samples: accuracy.results.extend([lambda: 1] * len(samples))
    told = []
    runner.logger.warning = told.append
    assert runner.test()['seen'] == 6
    assert len(told) == 1
    assert 'cannot go on where it is stopped' in told[0]
    assert not list(tmp_path.glob('*.journal'))


def test_the_journal_of_other_images_is_refused(tmp_path):
    options = dict(batch_size=1, journal=str(tmp_path / 'shift'))
    make_runner(tmp_path / 'a', 'pixel', **options).test()
    again = make_runner(tmp_path / 'b', 'pixel', **options)
    again.test_loop.journal.entries[1]['indices'] = [3]
    with pytest.raises(ValueError, match=r'batch 1 has the images \[3\], and this run has \[1\]'):
        again.test()
