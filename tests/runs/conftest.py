"""A fresh home, its store, and a way to wait for other processes.

The tests of the modules in BOTH run twice: on SQLite, and on a database of a real PostgreSQL server.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from byol_core.config import RunConfig
from byol_core.events import MetricRow
from byol_core.runs.store import RunStore
from byol_core.system import processes

CONFIG = RunConfig(steps=20)
BOTH = ("store", "metrics", "library", "queue", "sweep", "compare", "export_zip", "postgres", "schema")

_numbers = itertools.count()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rsplit("test_", 1)[-1] in BOTH and "home" in metafunc.fixturenames:
        databases = ["postgresql"] if "server" in metafunc.fixturenames else ["sqlite", "postgresql"]
        metafunc.parametrize("url", databases, indirect=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The folder of the socket of a PostgreSQL server."""
    from tests.runs import postgres

    programs = postgres.programs()
    if programs is None:
        assert "CI" not in os.environ, "PostgreSQL is not installed: apt-get install postgresql"
        pytest.skip("PostgreSQL is not installed")
    with postgres.server(programs) as folder:
        yield folder


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str | None:
    """The URL of an empty database; None for SQLite in the home."""
    from tests.runs import postgres

    if getattr(request, "param", "sqlite") == "sqlite":
        return None
    return postgres.database(request.getfixturevalue("postgresql"), f"lab{next(_numbers)}")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str | None) -> Path:
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path / "home"))
    if url:
        monkeypatch.setenv("BYOL_LAB_DATABASE", url)
    else:
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
