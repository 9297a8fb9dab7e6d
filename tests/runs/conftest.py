"""A fresh home, its store, and a way to wait for other processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from byol_core import processes
from byol_core.config import RunConfig
from byol_core.events import MetricRow
from byol_core.runs.store import RunStore

CONFIG = RunConfig(steps=20)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BYOL_LAB_DATABASE", raising=False)
    # tiny_worker.py lies beside this file, and the processes that tests start import it.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Iterator[RunStore]:
    store = RunStore()
    yield store
    for run in store.live_here():
        if run.pid != processes.identity()[0]:
            processes.kill(run.pid, run.pid_created)
    store.engine.dispose()


@pytest.fixture
def config() -> RunConfig:
    return CONFIG


@pytest.fixture
def row() -> Callable[[int, float], MetricRow]:
    return lambda step, loss: MetricRow(step, step / 10, step * 0.1, {"loss": loss})


@pytest.fixture
def until() -> Callable[..., None]:
    def wait(condition: Callable[[], object], seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it never came true"
            time.sleep(0.05)

    return wait
