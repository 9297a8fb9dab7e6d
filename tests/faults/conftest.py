"""A home for each test, its store, and real processes that work in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from byol_core.runs.store import RunStore
from tests.faults.lab import Lab, wait_until
from tests.faults.nursery import Nursery, open_nursery

SITE = Path(__file__).parent / "site"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BYOL_LAB_DATABASE", raising=False)
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Iterator[RunStore]:
    store = RunStore(home)
    yield store
    store.engine.dispose()


@pytest.fixture
def lab(home: Path, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A home whose processes count: no torch, five steps a second until they are told to hurry."""
    monkeypatch.setenv("PYTHONPATH", str(SITE))
    monkeypatch.setenv("FAULTS_COUNT", "plainly")
    monkeypatch.setenv("BYOL_LAB_WARM_UP", "0")
    lab = Lab(home, store)
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where real trainings begin at once."""
    with open_nursery(tmp_path_factory.mktemp("nursery")) as nursery:
        yield nursery


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until
