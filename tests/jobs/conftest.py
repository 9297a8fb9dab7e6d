"""A home, a folder to ask about, and handlers that need no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byol_core.jobs import Answer, JobContext, JobKind, ask
from byol_core.jobs.worker import Worker
from byol_core.system import processes

# Nobody is there under that name: the tests bring their own.
DOUBLE = JobKind("double", "byol_core.nowhere:double")


class Doubler:
    """Answers with twice the number it is asked, and notes what it was asked and in which order."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.before: Callable[[JobContext, dict[str, Any]], None] = lambda job, task: None

    def __call__(self, folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: JobContext) -> Answer:
        self.asked.append(task["number"])
        self.before(job, task)
        found = {"twice": np.full(3, 2.0 * task["number"]), **arrays}
        return Answer(found, {"number": task["number"]})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def doubler() -> Doubler:
    return Doubler()


@pytest.fixture
def worker(home: Path, doubler: Doubler) -> Callable[..., Worker]:
    return lambda **more: Worker(home, "interactive", 0.0, lambda place: doubler, **more)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Who is started is only noted, so that the test itself answers."""
    started: list[tuple[Any, ...]] = []
    monkeypatch.setattr(processes, "start_detached", lambda *told, **_: started.append(told))
    monkeypatch.setattr("byol_core.jobs.service._is_coming", lambda home, lane: False)
    return started


@pytest.fixture
def put(home: Path, folder: Path) -> Callable[..., Any]:
    def put(number: float = 1, key: str | None = None, **more: Any) -> Any:
        """``arrays`` are asked with it; all else changes its kind."""
        arrays = more.pop("arrays", None)
        return ask(home, replace(DOUBLE, **more), folder, key or f"key{number}", {"number": number}, arrays)

    return put
