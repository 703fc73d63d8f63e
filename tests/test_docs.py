# Copyright (c) mmtips authors. All rights reserved.
"""Code blocks of the documentation are run."""

import importlib
import re
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import HOOKS, MODELS

from mmtips.downsampling import DOWNSAMPLERS, Downsampler, SpaceToDepthConv2d

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]


def blocks(language):
    for page in PAGES:
        for number, block in enumerate(re.findall(rf'```{language}\n(.*?)```', page.read_text(), re.DOTALL)):
            yield pytest.param(block, id=f'{page.name}-{number}')


@pytest.mark.parametrize('block', blocks('python'))
def test_python_blocks(block, tmp_path, scope, monkeypatch, request):
    if '_base_' in block:
        scope('mmseg')
        (tmp_path / 'config.py').write_text(block)
        config = Config.fromfile(tmp_path / 'config.py')
        config.model.pretrained = None
        model = MODELS.build(config.model)
        assert any(isinstance(module, (Downsampler, SpaceToDepthConv2d)) for module in model.modules())
        assert all(hook.type in HOOKS for hook in config.get('custom_hooks', []))
        return
    before, name = dict(DOWNSAMPLERS.module_dict), re.sub(r'\W', '_', request.node.name)
    try:
        # Imported rather than executed, since what a user writes lives in a module, and operators get pickled.
        # Each by a name of its own, since torch.compile remembers modules by name.
        (tmp_path / f'{name}.py').write_text(block)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.import_module(name)
    finally:
        DOWNSAMPLERS._module_dict = before
        sys.modules.pop(name, None)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_and_paths_exist(page):
    for target in re.findall(r'\]\(([^)#]+?)(?:#.*?)?\)', page.read_text()):
        if '://' not in target:
            assert (page.parent / target).exists(), target
    for tool in re.findall(r'python (tools/\S+\.py)', page.read_text()):
        assert (ROOT / tool).exists(), tool
