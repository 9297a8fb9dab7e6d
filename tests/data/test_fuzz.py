"""Thousands of malformed files through the real loaders: each is read, or refused in words, and that is all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# The first test also waits for the process that reads them all.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module", params=[4, pytest.param(1, marks=pytest.mark.nightly)])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of every fourth file; in the night, of more than 10,000."""
    folder = tmp_path_factory.mktemp("fuzz")
    environment = {**os.environ, "BYOL_LAB_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-m", "tests.data.fuzzing", str(folder), str(request.param)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, f"the process died: {done.returncode} {done.stderr[-2000:]}"
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_every_malformed_file_is_read_or_refused_in_words(report: dict[str, Any]) -> None:
    assert report.get("wrong", 0) == 0, "\n".join(report["examples"])
    assert report["read"] + report["refused"] > 2_500
    assert min(report["read"], report["refused"]) > 250, "the files should be neither all whole nor all hopeless"


def test_nothing_outside_the_folder_is_opened_run_or_unpickled(report: dict[str, Any]) -> None:
    assert report["outside"] == []


def test_no_malformed_file_takes_much_memory(report: dict[str, Any]) -> None:
    assert report["grown_mb"] < 512
