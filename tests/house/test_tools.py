"""The tools that read the code: what they say is wrong fails here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from canvass.core.settings import ROOT

# What each is told, after `python`. All of them are set up in pyproject.toml.
TOOLS = {
    "ruff check": ["-m", "ruff", "check"],
    "ruff format": ["-m", "ruff", "format", "--check"],
    "mypy": ["-m", "mypy"],
    "djlint": ["-m", "djlint", "--lint", "templates"],
    "import-linter": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_code_passes(tool: str) -> None:
    done = subprocess.run([sys.executable, *TOOLS[tool]], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
