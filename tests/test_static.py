"""The tree is clean: ruff finds nothing, its format is kept, and mypy --strict has no complaint."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy"])
def test_the_checkers_have_no_complaint(command):
    result = subprocess.run([sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_names_of_tests_are_at_most_60_characters():
    pattern = re.compile(r"^\s*def (test_\w{56,})", re.MULTILINE)
    assert [name for path in (ROOT / "tests").rglob("*.py") for name in pattern.findall(path.read_text())] == []
