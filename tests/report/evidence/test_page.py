# Copyright (c) mmtips authors. All rights reserved.
"""What the page and the README show is what the files of results say; also while there are none."""

import json
import re
import runpy
import sys
from pathlib import Path

import pytest

from mmtips.report.evidence import STUDIES, load_studies, write_evidence_figures
from mmtips.report.evidence.checks import FLAT
from mmtips.report.evidence.comparison import COST, HARM
from mmtips.report.evidence.page import PARTS, parts
from mmtips.report.evidence.statistics import BETTER, BOUND, UNTOLD, WORSE
from mmtips.report.evidence.studies import comparable
from tests.report.evidence.factory import OPERATORS, RUN, every, gone, invented

ROOT = Path(__file__).parents[3]
PAGE, README, IMAGES = ROOT / 'docs/evidence.md', ROOT / 'README.md', ROOT / 'docs/images'


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Run the tool on copies, and return the page and the README."""

    def run(results):
        page, readme = tmp_path / 'evidence.md', tmp_path / 'README.md'
        page.write_text(PAGE.read_text())
        readme.write_text(README.read_text())
        monkeypatch.setattr(sys, 'argv', ['evidence_page.py', '--results', str(results), '--page', str(page),
                                          '--readme', str(readme), '--figures', str(tmp_path / 'images')])
        runpy.run_path(str(ROOT / 'tools/evidence_page.py'), run_name='__main__')
        return page, readme

    return run


def test_page_readme_and_figures_show_the_committed_results(tool, tmp_path):
    page, readme = tool(ROOT / 'results/evidence')
    assert page.read_text() == PAGE.read_text(), 'run make readme'
    assert readme.read_text() == README.read_text(), 'run make readme'
    made = {path.name: path.read_bytes() for path in (tmp_path / 'images').glob('*')}
    assert made == {path.name: path.read_bytes() for path in IMAGES.glob('evidence_*')}, 'run make readme'


def test_what_is_invented_for_tests_is_not_among_the_results():
    for study in load_studies(ROOT / 'results/evidence').values():
        assert study['run']['device'] != RUN['device']


def test_of_a_study_that_is_not_finished_nothing_is_said(tmp_path):
    studies = every()
    studies['final']['protocol']['cells'] = len(studies['final']['rows']) + 7
    made = parts(studies, studies)
    left, _, shown = made['gpu'].partition('\n\n')  # where it is all that there will be, what there is
    assert left.endswith('(`results/evidence/gpu/final.json`) are not finished: 7 trainings are left.')
    assert '| TIPS | 3 |' in shown
    assert made['fair'].endswith('are not finished: 7 trainings are left.')
    assert made['figure pareto'] == made['answer'] == made['fair']
    assert 'Outstanding' not in made['variants']
    assert write_evidence_figures(studies, tmp_path) == []


def test_without_files_every_part_is_outstanding(tmp_path):
    made = parts(load_studies(tmp_path), {})
    for name, text in made.items():
        assert text.startswith('**Outstanding**: '), name
    for study in STUDIES:
        assert f'`results/evidence/{study}.json`' in made['protocols']


def test_with_files_nothing_is(tool, tmp_path):
    few = {name: OPERATORS[name] for name in ('stock', 'BlurPool', 'MaxPool', 'TIPS')}
    folder = tmp_path / 'results'
    (folder / 'gpu').mkdir(parents=True)
    for name, study in every(few, ['deeplabv3plus-zeros']).items():
        for place in (folder, folder / 'gpu'):
            (place / f'{name}.json').write_text(json.dumps(study))
    page, readme = tool(folder)
    text = page.read_text()
    assert 'Outstanding' not in text
    assert 'Outstanding' not in readme.read_text()
    shown = set(re.findall(r'\(images/(evidence_\w+\.svg)\)', text))
    assert shown == {path.name for path in (tmp_path / 'images').iterdir()}
    assert len(shown) == 5
    for name in few:
        assert f'| {name} | 3 |' in text
    assert '* deeplabv3plus-zeros, TIPS: trained at [0.01], and the search chose 0.003' in text
    # The generated parts are all of the page that says who is ahead.
    written = re.sub(r'<!-- ([\w ]+) -->.*?<!-- /\1 -->', '', text, flags=re.DOTALL)
    assert '**worse** |' not in written
    assert set(PARTS) < set(re.findall(r'<!-- ([\w ]+) -->', text))


def test_the_protocol_says_what_the_code_does():
    protocol = ' '.join(PAGE.read_text().partition('## The protocol')[2].partition('\n## ')[0].split())
    assert f'by less than {100 * FLAT:g} point' in protocol
    assert f'**{BETTER}** and **{WORSE}** where the adjusted p is below {BOUND}, and *{UNTOLD}*' in protocol
    assert COST == 2
    assert "no more than twice BlurPool's time" in protocol
    assert f'not adjusted, reaches a loss of {HARM:g} point' in protocol


def test_a_page_without_a_mark_is_refused(tmp_path):
    from mmtips.report.evidence import render_evidence
    page = tmp_path / 'page.md'
    page.write_text(PAGE.read_text().replace('<!-- /pooled -->', ''))
    with pytest.raises(ValueError, match='expected the marks <!-- pooled --> and <!-- /pooled -->'):
        render_evidence(page, page, {}, {})


def test_a_seed_that_blurpool_lost_is_left_out_for_all_and_said():
    setting = 'deeplabv3plus-zeros'
    final = invented(settings=[setting], operators={name: (.5, .5, .1, 1) for name in ('BlurPool', 'TIPS')})
    final['rows'] = [of for of in final['rows'] if (of['operator'], of['seed']) != ('BlurPool', 2)]
    final['diverged'] = [gone(operator='BlurPool', seed=2)]
    assert {len(of) for of in comparable(final)[setting].values()} == {4}
    shown = parts(dict(final=dict(final, rows=[dict(of, operator='stock', config=None) for of in final['rows'] if
                                               of['operator'] == 'TIPS'] + final['rows'])), {})
    assert 'Left out for all: seed 2, since BlurPool diverged in deeplabv3plus-zeros.' in shown['fair']
    assert 'Not compared' not in shown['fair']
    assert '| TIPS | 4 |' in shown['fair']
