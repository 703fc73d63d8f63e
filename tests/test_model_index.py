# Copyright (c) mmtips authors. All rights reserved.
"""The index of the recipes: each of them once, with nothing that was not measured."""

import json
import os
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
RECIPES = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'configs').glob('*/*.py')}
TOOL = runpy.run_path(str(ROOT / 'tools/model_index.py'))


def models():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    metafiles = [yaml.safe_load((ROOT / path).read_text()) for path in index['Import']]
    collections = {collection['Name'] for metafile in metafiles for collection in metafile['Collections']}
    found = [model for metafile in metafiles for model in metafile['Models']]
    assert {model['In Collection'] for model in found} == collections
    return found


def test_every_recipe_is_there_once():
    configs = [model['Config'] for model in models()]
    assert len(configs) == len(set(configs))
    assert set(configs) == RECIPES
    assert all(Path(model['Config']).stem == model['Name'] for model in models())


def test_the_scores_are_those_of_the_results():
    scores = {model['Name']: model['Results'][0]['Metrics'] for model in models() if 'Metrics' in model['Results'][0]}
    stock = json.loads((ROOT / 'results/demo/stock.json').read_text())
    assert scores['deeplabv3plus_r18-w8-d8_1xb16-2k_scattered-digits-128x128'] == {
        'mIoU': pytest.approx(stock['accuracy']['value'], abs=0.01)}
    assert len(scores) == 2


def test_the_files_are_what_the_tool_writes():
    """Renew them with ``make readme``."""
    for path, text in TOOL['index']().items():
        assert path.read_text() == text


def test_a_recipe_without_a_data_set_is_refused(tmp_path):
    path = tmp_path / 'unet' / 'x.py'
    path.parent.mkdir()
    path.write_text('# Something.\n#\n')
    with pytest.raises(ValueError, match='expected a first line that says what it trains on'):
        TOOL['entry'](path, {})


def test_the_installed_package_brings_its_recipes(tmp_path):
    """Where OpenMIM looks for them; in the source they stay where they are. And it is built without a compiler, too."""
    subprocess.run([sys.executable, 'setup.py', '-q', 'egg_info', '--egg-base', str(tmp_path), 'build', '--build-base',
                    str(tmp_path / 'build'), 'bdist_wheel', '--dist-dir', str(tmp_path)], cwd=ROOT, check=True,
                   capture_output=True, env=dict(os.environ, CC='false'))
    wheel, = tmp_path.glob('mmtips-*.whl')
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f'mmtips/.mim/{path}' for path in RECIPES} <= names
    assert {'mmtips/.mim/model-index.yml', 'mmtips/.mim/configs/unet/metafile.yml', 'mmtips/.mim/tools/train.py',
            'mmtips/report/page/templates/page.html', 'mmtips/report/shift_consistency.schema.json'} <= names
    assert not any(name.endswith('.so') for name in names)
    assert not any('__pycache__' in name or name.startswith(('tests', 'docs')) for name in names)
