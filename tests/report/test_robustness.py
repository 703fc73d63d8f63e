# Copyright (c) mmtips authors. All rights reserved.
"""Robustness studies side by side."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from mmtips.report.robustness import robustness_markdown, robustness_tables
from mmtips.robustness import compare_sections

ROOT = Path(__file__).parents[2]


def study(clean, fgsm, fog, images=20):
    """A valid result with two strengths of one attack and two severities of one corruption."""
    attacks = [dict(attack='FGSM', epsilon=epsilon, steps=1, accuracy=value) for epsilon, value in fgsm.items()]
    run = dict(created='2026-01-01T00:00:00', commit='abc', device='CPU', threads=1, versions={})
    return dict(schema=1, kind='robustness', config='a.py', checkpoint=dict(name='a.pth', sha256='0' * 64), run=run,
                robustness=dict(metric='mIoU', clean=clean, images=images, seed=0, attacks=attacks,
                                corruptions=dict(fog=fog)))


@pytest.fixture
def studies():
    return dict(stock=study(80., {1.: 60., 4.: 30.}, {'1': 70., '5': 40.}),
                other=study(82., {1.: 64., 4.: 20.}, {'1': 76., '5': 46.}))


def test_by_hand(studies):
    attacked, corrupted = robustness_tables(studies)
    assert [[cell.text for cell in row] for row in attacked.rows] == [
        ['none', '-', '0', '80.0', '82.0'], ['FGSM', '1', '1', '60.0', '64.0'], ['FGSM', '1', '4', '30.0', '20.0']]
    # Errors of 30 + 60 and 24 + 54: 78 / 90. Less the clean ones, 20 and 18, at both: (78 - 36) / (90 - 40).
    assert [[cell.text for cell in row] for row in corrupted.rows] == [
        ['fog', '1, 5', '55.0', '61.0'], ['mCE', 'lower is better', '100.0', '86.7'],
        ['relative mCE', 'lower is better', '100.0', '84.0']]


def test_a_study_without_corruptions_has_one_table(studies):
    for of in studies.values():
        of['robustness']['corruptions'] = {}
    assert len(robustness_tables(studies)) == 1


def test_studies_of_other_images_are_refused(studies):
    studies['other']['robustness']['images'] = 30
    with pytest.raises(ValueError, match="other: measured with .*'images': 30.*and stock with .*'images': 20"):
        robustness_tables(studies)


def test_studies_of_other_data_are_refused_as_far_as_they_say(studies):
    studies['stock']['robustness'].update(dataset='CIFAR10', digest=None)
    studies['other']['robustness'].update(dataset='CIFAR100', digest=None)
    with pytest.raises(ValueError, match="other: measured with .*'dataset': 'CIFAR100'"):
        robustness_tables(studies)
    sections = [of['robustness'] for of in studies.values()]
    with pytest.raises(ValueError, match="baseline: expected dataset 'CIFAR10', got 'CIFAR100'"):
        compare_sections(*sections)
    del sections[1]['dataset']
    assert compare_sections(*sections)


def test_the_tool(studies, tmp_path, monkeypatch, capsys):
    page = tmp_path / 'page.md'
    page.write_text('before <!-- robustness -->\nold\n<!-- /robustness --> after')
    files = [tmp_path / f'{name}.json' for name in studies]
    for path, of in zip(files, studies.values(), strict=True):
        path.write_text(json.dumps(of))

    def run(*args):
        monkeypatch.setattr(sys, 'argv', ['compare_robustness.py', *map(str, args)])
        runpy.run_path(str(ROOT / 'tools/compare_robustness.py'), run_name='__main__')

    run(*files, '--markdown', page)
    assert '86.7' in capsys.readouterr().out
    assert page.read_text() == f'before <!-- robustness -->\n{robustness_markdown(studies)}\n<!-- /robustness --> after'
    assert '| fog | 1, 5 | 55.0 | 61.0 |' in page.read_text()
    (tmp_path / 'twin').mkdir()
    twin = tmp_path / 'twin/stock.json'
    twin.write_text(files[0].read_text())
    with pytest.raises(ValueError, match=r"expected a name for each model, got \['stock', 'stock'\]"):
        run(files[0], twin)
