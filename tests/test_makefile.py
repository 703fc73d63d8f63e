# Copyright (c) mmtips authors. All rights reserved.
"""What ``make`` would do, without doing it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def planned(folder, *request):
    """The commands for a request, and what make says of its own rules."""
    # The tests are run by make themselves, which passes on what it was asked for.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(('MAKE', 'MFLAGS'))}
    done = subprocess.run(['make', '--dry-run', *request], cwd=folder, env=environment, capture_output=True, text=True,
                          check=True)
    return done.stdout, done.stderr


@pytest.fixture
def copy(tmp_path):
    """What make reads, in a folder with a space in its name."""
    folder = tmp_path / 'my project'
    for name in ('configs', 'requirements'):
        shutil.copytree(ROOT / name, folder / name)
    for name in ('Makefile', 'setup.py'):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_nothing_outside_the_folder_is_removed(copy):
    commands, _ = planned(copy, 'env')
    assert [line for line in commands.splitlines() if line.startswith('rm')] == ['rm -rf .venv']
    assert 'rm -rf .venv-onedl\n' in planned(copy, 'env', 'HOSTS=onedl')[0]


def test_the_data_are_looked_at_again(copy):
    (copy / 'data/scattered_digits').mkdir(parents=True)
    (copy / 'data/scattered_digits/meta.json').write_text('{"seed": 7}')
    assert 'tools/dataset_converters/scattered_digits.py' in planned(copy, 'data')[0]


def test_a_network_is_asked_for_once(copy):
    commands, complaints = planned(copy, 'demo', 'OPERATORS=stock BlurPool')
    assert commands.count('/stock-') == commands.count('/BlurPool-') > 0
    assert 'overriding' not in complaints


def test_the_profile_has_its_network(copy):
    assert 'DOWNSAMPLER=tips' in planned(copy, 'profile', 'OPERATORS=APS')[0]
