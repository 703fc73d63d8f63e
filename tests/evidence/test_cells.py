# Copyright (c) mmtips authors. All rights reserved.
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mmtips.evidence.cells import as_planned, grid, study_cells
from mmtips.evidence.plan import Operator, load_plan
from tests.evidence.factory import RESNET, ROOT, make_plan


@pytest.fixture(autouse=True)
def _in_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def cells(plan, study='search'):
    return study_cells(plan, study, grid(plan), as_planned(plan, study))


def test_ids_are_stable():
    assert [cell.id for cell in cells(make_plan())] == [
        'resnet18-zeros_stock_lr0.001_seed100', 'resnet18-zeros_stock_lr0.002_seed100',
        'resnet18-zeros_tips_lr0.001_seed100', 'resnet18-zeros_tips_lr0.002_seed100',
        'resnet18-circular_aps_lr0.001_seed100', 'resnet18-circular_aps_lr0.002_seed100',
        'deeplab-zeros_stock_lr0.01_seed100', 'deeplab-zeros_tips_lr0.01_seed100']


def test_network_by_network_and_seed_by_seed_in_every_padding():
    final = cells(make_plan(), 'final')
    order = [(cell.network != 'resnet18', cell.seed) for cell in final]
    assert order == sorted(order)
    first = [cell for cell in final if cell.seed == 0 and cell.name == 'TIPS' and cell.network == 'deeplab']
    assert [cell.padding for cell in first] == ['zeros', 'circular']
    assert len(final) == 2 * (2 * (2 + 2) + 2 + 4)


def test_who_has_the_rate_of_another_is_not_searched_for():
    plan = make_plan()
    plan = replace(plan, operators=dict(plan.operators, APS=replace(plan.operators['APS'], rate_of='stock')))
    assert {cell.name for cell in cells(plan)} == {'stock', 'TIPS'}
    assert {cell.name for cell in cells(plan, 'final')} == {'stock', 'TIPS', 'APS'}


def test_a_shorter_study():
    plan = make_plan()
    short = dict(plan.studies, search=replace(plan.studies['search'], length=0.29))
    assert {(cell.network, cell.iterations) for cell in cells(replace(plan, studies=short))} == {
        ('resnet18', 29), ('deeplab', 17)}


def test_the_search_may_be_shorter():
    plan = make_plan()
    networks = dict(plan.networks, deeplab=replace(plan.networks['deeplab'], search_iterations=20))
    plan = replace(plan, networks=networks)
    for study, expected in (('search', {('resnet18', 100), ('deeplab', 20)}),
                            ('final', {('resnet18', 100), ('deeplab', 60)})):
        assert {(cell.network, cell.iterations) for cell in cells(plan, study)} == expected


def test_a_fingerprint_is_of_its_own_cell():
    plan = make_plan()
    before = {cell.id: cell.fingerprint() for cell in cells(plan)}
    assert before == {cell.id: cell.fingerprint() for cell in cells(plan)}
    assert len(set(before.values())) == len(before)
    tips = dict(plan.operators, TIPS=Operator(dict(type='TIPS', taps=4)))
    changed = {cell.id for cell in cells(replace(plan, operators=tips)) if cell.fingerprint() != before[cell.id]}
    assert changed == {name for name in before if '_tips_' in name}


def test_where_else_an_operator_is_measured_does_not_matter():
    plan = make_plan()
    narrow = dict(plan.operators, TIPS=replace(plan.operators['TIPS'], networks=('resnet18', )))
    before = {cell.fingerprint() for cell in cells(plan)}
    assert {cell.fingerprint() for cell in cells(replace(plan, operators=narrow))} < before


def test_the_protocol_decides():
    plan = make_plan()
    other = replace(plan, protocol=replace(plan.protocol, pairs=2))
    assert not {cell.fingerprint() for cell in cells(plan)} & {cell.fingerprint() for cell in cells(other)}


@pytest.mark.parametrize(('name', 'line', 'same'), [
    ('schedules/schedule_1k.py', '# Longer would do no harm.', True),
    ('schedules/schedule_1k.py', 'max_iters = 7', False),
    ('schedules/schedule_2k.py', 'max_iters = 7', False),
    ('downsampler/tips.py', 'sites = 7', True)])  # the plan says what the operator is
def test_the_recipe_decides_with_what_it_inherits_from(tmp_path, name, line, same):
    shutil.copytree(ROOT / 'configs', tmp_path / 'configs')
    plan = make_plan()
    networks = dict(resnet18=replace(plan.networks['resnet18'], recipe=str(tmp_path / RESNET)))
    plan = replace(plan, networks=networks)
    before = [cell.fingerprint() for cell in cells(plan)]
    with (tmp_path / 'configs/_base_' / name).open('a') as file:
        file.write(f'{line}\n')
    assert ([cell.fingerprint() for cell in cells(plan)] == before) is same


def test_the_long_plan():
    """Every operator is in it, and no study but the one that says so sees the test split."""
    from mmtips.downsampling import DOWNSAMPLERS
    plan = load_plan(Path('configs/evidence/plans/cpu.py'))
    kinds = {operator.config['type'] for operator in plan.operators.values() if operator.config}
    assert kinds == set(DOWNSAMPLERS.module_dict)
    assert {name for name, study in plan.studies.items() if study.split == 'test'} == {
        'final', 'time', 'longer'}  # the last two choose nothing
    assert all(len(plan.studies[name].seeds) >= 5 for name in ('final', 'time'))
    for name in plan.studies:
        ids = [cell.id for cell in cells(plan, name)]
        assert len(set(ids)) == len(ids) > 0


def test_the_plan_for_a_gpu():
    plan = load_plan(Path('configs/evidence/plans/gpu.py'))
    assert set(plan.studies) == {'search', 'final'}
    # Four networks of full width, six operators, and rates or seeds.
    assert len(cells(plan)) == 4 * 6 * 3
    assert len(cells(plan, 'final')) == 4 * 6 * 5 * 3  # at every rate, which a search will narrow down to one
    assert (256 - 2 * plan.protocol.max_shift) % 32 == 0  # views whose sides are multiples of every total stride
