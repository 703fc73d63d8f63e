# Copyright (c) mmtips authors. All rights reserved.
"""Which cells run, and what is said of those that do not come to an end; what runs is pretended."""

import json
import multiprocessing
from dataclasses import replace

import pytest

from mmtips.evidence import pool, store, studies
from mmtips.evidence.cells import as_planned, grid, study_cells
from mmtips.evidence.plan import Operator, Study
from mmtips.evidence.studies import cells_of
from mmtips.report import write_whole
from tests.evidence.factory import ROOT, RUN, make_plan, pretend, pretend_with_faults, row


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(pool, '_context', lambda: multiprocessing.get_context('fork'))


def search(plan):
    return study_cells(plan, 'search', grid(plan), as_planned(plan, 'search'))


def run(cells, out, work=pretend, jobs=2):
    """The cells that ran, the failures, and what was said."""
    said = []
    (out / 'cells/ran.txt').unlink(missing_ok=True)
    failures = pool.run_cells(cells, out, jobs, said.append, work)
    ran = out / 'cells/ran.txt'
    return sorted(ran.read_text().split()) if ran.is_file() else [], failures, said


def test_all_run_once(tmp_path):
    cells = search(make_plan())
    ran, failures, said = run(cells, tmp_path)
    assert ran == sorted(cell.id for cell in cells)
    assert not failures
    assert said[-1].startswith('[8/8, 0:00 h left] search/')
    assert run(cells, tmp_path) == ([], [], ['8 cells, 8 of them finished before'])


def test_what_was_killed_starts_again(tmp_path):
    cells = search(make_plan())
    run(cells[:3], tmp_path)
    folder = store.cell_folder(tmp_path, cells[3])
    folder.mkdir(parents=True)
    (folder / 'result.json.part').write_text('{')  # as a kill leaves it
    (store.cell_folder(tmp_path, cells[0]) / 'result.json').write_text('{"row": ')
    ran, _, said = run(cells, tmp_path)
    assert ran == sorted(cell.id for cell in [cells[0], *cells[3:]])
    assert said[0] == '8 cells, 2 of them finished before'


def test_a_changed_entry_runs_its_own_cells_again(tmp_path):
    plan = make_plan()
    run(search(plan), tmp_path)
    changed = replace(plan, operators=dict(plan.operators, TIPS=Operator(dict(type='TIPS', taps=3))))
    ran, _, _ = run(search(changed), tmp_path)
    assert ran == sorted(cell.id for cell in search(plan) if cell.name == 'TIPS')
    assert run(search(plan), tmp_path)[0] == []  # what the former plan left is still there


def test_failures_are_reported_and_stop_nothing(tmp_path):
    cells = search(make_plan())
    ran, failures, said = run(cells, tmp_path, pretend_with_faults)
    assert ran == sorted(cell.id for cell in cells if cell.name == 'stock')
    reasons = {failure.cell.name: failure.reason for failure in failures}
    assert reasons == {'TIPS': 'ValueError: what went wrong', 'APS': 'ended by signal 9'}
    failure = failures[0]
    assert failure.log == store.cell_folder(tmp_path, failure.cell) / 'log.txt'
    assert any(f'FAILED, see {failure.log}: {failure.reason}' in line for line in said)
    # They are tried again, and only they.
    assert run(cells, tmp_path)[0] == sorted(failure.cell.id for failure in failures)


def test_jobs_are_checked(tmp_path):
    with pytest.raises(ValueError, match='jobs: expected an integer >= 1, got 0'):
        pool.run_cells([], tmp_path, 0)


def test_a_file_is_made_of_what_is_finished(tmp_path):
    plan = make_plan()
    cells = search(plan)
    run(cells, tmp_path, pretend_with_faults)
    diverged = next(cell for cell in cells if cell.name == 'TIPS')
    (store.cell_folder(tmp_path, diverged) / 'result.json').write_text(json.dumps(dict(
        run=dict(RUN, commit='def', created='2026-02-01T00:00:00+00:00'),
        diverged='iteration 3: not finite')))
    content = store.collect(plan, 'search', cells, tmp_path)
    assert {row['operator'] for row in content['rows']} == {'stock'}
    assert [(item['operator'], item['reason']) for item in content['diverged']] == [('TIPS', 'iteration 3: not finite')]
    assert content['run'] == dict(RUN, commit='abc, def', created='2026-02-01T00:00:00+00:00')
    assert (content['split'], content['protocol']['cells'], content['protocol']['iterations']) == (
        'val', 8, dict(resnet18=100, deeplab=60))


def test_the_search_goes_on_beyond_its_grid(tmp_path, monkeypatch):
    """All rates are pretended to be equally good, so that the lowest is the best, at the edge."""
    monkeypatch.setattr(studies, 'run_cells', lambda *args: pool.run_cells(*args, work=pretend))
    plan = make_plan()
    plan = replace(plan, networks=dict(resnet18=replace(plan.networks['resnet18'], learning_rates=(.01, .02, .04))))
    assert not studies.run_study(plan, 'search', tmp_path, 2, report=lambda line: None)
    rows = json.loads((tmp_path / 'search.json').read_text())['rows']
    assert sorted((of['operator'], of['learning_rate']) for of in rows) == [
        (name, rate) for name in ('APS', 'TIPS', 'stock') for rate in (.005, .01, .02, .04)]
    assert {cell.learning_rate for cell in cells_of(plan, 'final', tmp_path)} == {.005}


def test_some_networks_of_a_study(tmp_path, monkeypatch):
    plan, ran = make_plan(), []
    monkeypatch.setattr(studies, 'run_cells', lambda cells, *_: ran.extend(cells) or [])
    assert studies.run_study(plan, 'search', tmp_path, 1, networks=['deeplab']) == []
    assert {cell.network for cell in ran} == {'deeplab'}
    studies.run_study(plan, 'search', tmp_path, 1)
    assert {cell.network for cell in ran} == {'deeplab', 'resnet18'}


def test_a_file_of_some_networks_is_no_whole_study(tmp_path, monkeypatch):
    monkeypatch.setattr(studies, 'run_cells', lambda *args: pool.run_cells(*args, work=pretend))
    plan = make_plan()
    studies.run_study(plan, 'search', tmp_path, 2, report=lambda line: None, networks=['deeplab'])
    content = json.loads((tmp_path / 'search.json').read_text())
    assert {of['setting'] for of in content['rows']} == {'deeplab-zeros'}
    assert content['protocol']['cells'] == len(search(plan)) > len(content['rows'])


def test_cells_of_two_machines_are_not_one_file(tmp_path):
    plan = make_plan()
    cells = search(plan)
    run(cells, tmp_path)
    path = store.cell_folder(tmp_path, cells[-1]) / 'result.json'
    path.write_text(path.read_text().replace('CPU (x86_64)', 'CPU (arm)'))
    with pytest.raises(ValueError, match='1 cells were run on another device'):
        store.collect(plan, 'search', cells, tmp_path)


def test_equal_time_of_who_was_not_searched_for_is_known_from_the_final_runs(tmp_path):
    plan = make_plan()
    time = Study('test', (0, ), iterations='equal_time', networks=('deeplab', ))
    plan = replace(plan, operators=dict(plan.operators, TIPS=replace(plan.operators['TIPS'], rate_of='stock')),
                   studies=dict(plan.studies, time=time))
    cells = search(plan)
    run(cells, tmp_path)
    write_whole(store.collect(plan, 'search', cells, tmp_path), tmp_path / 'search.json')
    with pytest.raises(ValueError, match='no training time of TIPS in deeplab is known: run the study final first'):
        cells_of(plan, 'time', tmp_path)
    rows = [row(name, 0.01, 0.5, setting='deeplab-zeros', seconds=seconds, iterations=60)
            for name, seconds in (('stock', 10.), ('TIPS', 20.))]
    write_whole(dict(rows=rows), tmp_path / 'final.json')
    assert {(cell.name, cell.iterations) for cell in cells_of(plan, 'time', tmp_path)} == {
        ('stock', 60), ('TIPS', 30)}  # what stock took in the search, on another day, does not count


def test_other_studies_need_a_finished_search(tmp_path):
    plan = make_plan()
    with pytest.raises(FileNotFoundError, match='run the study search first'):
        cells_of(plan, 'final', tmp_path)
    cells = search(plan)
    run(cells, tmp_path)
    write_whole(store.collect(plan, 'search', cells, tmp_path), tmp_path / 'search.json')
    assert {cell.learning_rate for cell in cells_of(plan, 'final', tmp_path)} == {0.001, 0.01}  # ties: the lowest
    (store.cell_folder(tmp_path, cells[0]) / 'result.json').unlink()
    write_whole(store.collect(plan, 'search', cells, tmp_path), tmp_path / 'search.json')
    with pytest.raises(ValueError, match='1 cells of the search are not finished'):
        cells_of(plan, 'final', tmp_path)


def test_the_file_of_a_study_is_enough_to_go_on_from(tmp_path, monkeypatch):
    plan, ran = make_plan(), []
    cells = search(plan)
    run(cells[:5], tmp_path / 'here')
    folder = store.cell_folder(tmp_path / 'here', cells[4])
    (folder / 'result.json').write_text(json.dumps(dict(run=dict(RUN, commit='def'), diverged='not finite')))
    before = store.collect(plan, 'search', cells, tmp_path / 'here')
    (tmp_path / 'there').mkdir()
    write_whole(before, tmp_path / 'there/search.json')
    assert studies.estimate(plan, 'search', tmp_path / 'there') == f'search: {len(cells)} cells, {len(cells) - 5} left'
    monkeypatch.setattr(studies, 'run_cells', lambda cells, *_: ran.extend(cells) or [])
    studies.run_study(plan, 'search', tmp_path / 'there', 1)
    assert ran == cells
    assert json.loads((tmp_path / 'there/search.json').read_text()) == before
    assert [of['operator'] for of in before['diverged']] == [cells[4].name]


def test_a_file_says_no_folder_outside_of_the_cells(tmp_path):
    plan = make_plan()
    cells = search(plan)
    run(cells, tmp_path / 'here')
    content = store.collect(plan, 'search', cells, tmp_path / 'here')
    content['rows'][0]['cell'] = '../../elsewhere'
    (tmp_path / 'there').mkdir()
    write_whole(content, tmp_path / 'there/search.json')
    with pytest.raises(ValueError, match='elsewhere'):
        studies.estimate(plan, 'search', tmp_path / 'there')
    assert [path.name for path in (tmp_path / 'there').iterdir()] == ['search.json']
