# Copyright (c) mmtips authors. All rights reserved.
"""Faults of a plan are found before anything runs, and the error says what to do."""

import pytest

from mmtips.evidence import load_plan
from tests.evidence.factory import ROOT

SMOKE = ROOT / 'configs/evidence/plans/smoke.py'


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load the smoke plan with something changed."""
    monkeypatch.chdir(ROOT)

    def load(text=''):
        path = tmp_path / 'plan.py'
        path.write_text(f"_base_ = '{SMOKE}'\n{text}\n")
        return load_plan(path)

    return load


def test_what_is_inherited_is_kept(load):
    plan = load('protocol = dict(pairs=3)')
    assert plan.protocol.pairs == 3
    assert plan.protocol.max_shift == 4
    assert plan.networks['deeplabv3plus'].paddings == ('circular', )
    assert [hook['type'] for hook in plan.operators['TIPS'].hooks] == ['TIPSLossHook', 'ShiftAgreementHook']


def test_who_is_compared_as_an_operator_alone():
    plain = {name for name, operator in load_plan(ROOT / 'configs/evidence/plans/cpu.py').operators.items()
             if operator.plain}
    assert {'stock', 'BlurPool', 'TIPS', 'TIPS without losses', 'APS exact'} - plain == {'APS exact'}
    assert 'SPDConv' not in plain  # it keeps every pixel: there is nothing that it prefers


@pytest.mark.parametrize(('text', 'message'), [
    ('protocols = dict(pairs=3)', r"expected the entries .* see to \['protocols'\]"),
    ('protocol = dict(pairs=0)', 'protocol.pairs: expected an integer >= 1, got 0'),
    ('protocol = dict(pair=2)', r"protocol: expected a dict with some of \['max_shift'"),
    ("networks = dict(resnet18=dict(task='depth'))", r"networks.resnet18.task: .*got \['depth'\]"),
    ("networks = dict(resnet18=dict(paddings=['reflect']))", r"paddings: expected some of .*got \['reflect'\]"),
    ('networks = dict(resnet18=dict(paddings=[]))', 'paddings: expected at least one'),
    ('networks = dict(resnet18=dict(learning_rates=[0.1, 0.1]))', 'expected different numbers above 0'),
    ('networks = dict(resnet18=dict(learning_rates=[]))', 'expected different numbers above 0'),
    ('networks = dict(unet=dict(iterations=3))', r'networks.unet: .*missing 4 required'),
    ("operators = dict(TIPS=dict(config=dict(type='TIPS', tap=4)))",
     r"operators.TIPS.config: options: .*got \['tap'\]"),
    ("operators = dict(TIPS=dict(networks=['vgg']))", r"operators.TIPS.networks: .*got \['vgg'\]"),
    ("operators = dict(TIPS=dict(rate_of='x'))", r"operators.TIPS.rate_of: .*got \['x'\]"),
    ("operators = {'tips!': dict()}", 'names that differ in signs only'),
    ("studies = dict(search=dict(split='test'))", "studies.search: expected split='val'"),
    ("studies = dict(search=dict(_delete_=True, split='val', seeds=[0], rates='grid', operators=['stock']))",
     "studies.final: 'TIPS' has no learning rate: let the search have it"),
    ("operators = dict(TIPS=dict(control='x'))", r"studies.search: control of 'TIPS': .*got \['x'\]"),
    ('studies = dict(final=dict(seeds=[1, 1]))', 'studies.final.seeds: expected different integers'),
    ('studies = dict(final=dict(length=0))', 'studies.final.length: expected a number above 0'),
    ("studies = dict(final=dict(iterations='equal_time', reference='x'))", 'studies.final.reference: expected'),
    ('studies = dict(final=dict(extra=dict(TIPS=dict())))', r"\['TIPS'\] are names of operators of the plan"),
    ('studies = dict(_delete_=True)', 'expected a study named search')])
def test_faults(load, text, message):
    with pytest.raises(ValueError, match=message):
        load(text)


def test_an_operator_that_does_not_exist(load):
    with pytest.raises(KeyError, match="operators.x.config type 'Blur' is not registered"):
        load("operators = dict(x=dict(config=dict(type='Blur')))")


def test_missing_files(load, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'networks.resnet18: recipe: no file configs/x.py: name it from the'):
        load("networks = dict(resnet18=dict(recipe='configs/x.py'))")
    with pytest.raises(FileNotFoundError, match='plan: no file'):
        load_plan(tmp_path / 'none.py')


def test_an_unknown_study(load):
    with pytest.raises(ValueError, match=r"study: expected one of \['search', 'final'\], got 'finale'"):
        load().study('finale')
