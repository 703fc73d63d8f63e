# Copyright (c) mmtips authors. All rights reserved.
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[str], str]:
    """Run code in an interpreter of its own, where nothing is imported or mended yet, and return what it printed."""

    def run(code: str) -> str:
        paths = [str(ROOT), *filter(None, os.environ.get('PYTHONPATH', '').split(os.pathsep))]
        result = subprocess.run([sys.executable, '-W', 'ignore', '-c', textwrap.dedent(code)],
                                cwd=tmp_path,
                                env=dict(os.environ, PYTHONPATH=os.pathsep.join(paths)),
                                capture_output=True,
                                text=True,
                                timeout=300)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run
