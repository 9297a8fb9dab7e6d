"""A class looks on: many tabs on one app while a run trains. How quick that is, benchmarks/class_load.py measures."""

from __future__ import annotations

import asyncio
import importlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from byol_core.config.presets import get
from byol_core.runs.launcher import LocalExecutor
from tests.browser.conftest import Served

SECONDS = 12.0
ROUNDS = 10  # at most, until all have polled
PATIENCE = 180.0  # seconds for one answer: on a busy machine forty tabs wait long, and no test is about that


@pytest.fixture
def trains(served: Served) -> str:
    """A run that the supervisor has started, and that lasts."""
    config = get("first-look").config().changed(epochs=5000, steps=None)
    run = served.store.create(config, preset="first-look").run_id
    LocalExecutor(served.store).submit(run)
    end = time.monotonic() + 120
    while served.store.get(run).step < 2:
        assert time.monotonic() < end, served.store.get(run).message
        time.sleep(0.2)
    return run


@pytest.mark.timeout(900)
@pytest.mark.parametrize("tabs", [12, pytest.param(40, marks=pytest.mark.nightly)])
def test_many_tabs_are_served_without_errors_during_a_run(
    served: Served, trains: str, monkeypatch: pytest.MonkeyPatch, tabs: int
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    viewers = importlib.import_module("viewers")
    monkeypatch.setattr(viewers, "PATIENCE", PATIENCE)
    before = served.store.get(trains).step
    paths = [f"runs?run={trains}", "home", "runs", "embeddings?run=byol-tiny"]
    seen = viewers.Seen()
    with ThreadPoolExecutor(1) as thread:  # playwright may have a loop of its own in this one
        for _ in range(ROUNDS):
            now = thread.submit(asyncio.run, viewers.watch(served.url, paths, tabs, SECONDS, SECONDS)).result()
            for found, more in zip(vars(seen).values(), vars(now).values(), strict=True):
                found += more
            if len(seen.polls) > tabs:
                break
    assert seen.complaints == []
    assert len(seen.pages) >= tabs
    assert len(seen.polls) > tabs
    run = served.store.get(trains)
    assert run.state == "running"
    assert run.step > before
