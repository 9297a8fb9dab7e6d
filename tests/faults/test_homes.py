"""Homes with odd names, all at work at the same time: each has its own lock, its own supervisor and its own run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from byol_core.runs import library
from byol_core.runs.launcher import supervisor_runs
from byol_core.runs.store import RunStore
from tests.faults.conftest import SITE
from tests.faults.lab import Lab
from tests.homes import ODD

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no folder may be called like that there")


@pytest.fixture
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Lab]]:
    monkeypatch.setenv("PYTHONPATH", str(SITE))
    monkeypatch.setenv("FAULTS_COUNT", "plainly")
    monkeypatch.delenv("BYOL_LAB_DATABASE", raising=False)
    with ExitStack() as ends:
        found = [Lab(tmp_path / name, RunStore(tmp_path / name)) for name in ODD]
        for lab in found:
            ends.callback(lab.close)
        yield found


@pytest.mark.slow
def test_fifteen_odd_homes_work_for_themselves(labs: list[Lab]) -> None:
    for lab in labs:
        lab.hurry()
    runs = [lab.queue(steps=3) for lab in labs]
    ended = [lab.ends(run) for lab, run in zip(labs, runs, strict=True)]
    assert [len(lab.curve(run)) for lab, run in zip(labs, ended, strict=True)] == [3] * len(labs)
    assert len({lab.supervisor().pid for lab in labs}) == len(labs)
    assert all(supervisor_runs(lab.home) for lab in labs)
    library.remove(labs[0].store, [runs[0].run_id])
    assert [len(lab.store.runs()) for lab in labs] == [0] + [1] * (len(labs) - 1)
