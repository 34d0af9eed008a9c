"""The browser code's own tests, run by Node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(not (ROOT / "node_modules").is_dir(), reason="the browser code's packages are not installed")
def test_the_browser_code_passes_its_own_tests():
    node = shutil.which("node")
    assert node, "Node builds the browser code, so it is there"
    run = subprocess.run([node, "tests/client/run.mjs"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "# fail 0" in run.stdout
