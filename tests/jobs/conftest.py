"""A home, a folder to ask about, and handlers that need no torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byol_core.jobs import Answer, Tools, ask
from byol_core.jobs.worker import Worker
from byol_core.system import processes


class Doubler:
    """Answers with twice the number it is asked, and notes what it was asked and in which order."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.before: Callable[[Tools, dict[str, Any]], None] = lambda tools, question: None

    def __call__(self, folder: Path, question: dict[str, Any], arrays: dict[str, Any], tools: Tools) -> Answer:
        self.asked.append(question["number"])
        self.before(tools, question)
        found = {"twice": np.full(3, 2.0 * question["number"]), **arrays}
        return Answer(found, {"number": question["number"]})


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
    return lambda lane="maps", **more: Worker(home, lane, 0.0, lambda kind: doubler, **more)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Who is started is only noted, so that the test itself answers."""
    started: list[tuple[Any, ...]] = []
    monkeypatch.setattr(processes, "start_detached", lambda *told, **_: started.append(told))
    monkeypatch.setattr("byol_core.jobs.queue._is_coming", lambda home, lane: False)
    return started


@pytest.fixture
def put(home: Path, folder: Path) -> Callable[..., Any]:
    def put(number: float = 1, key: str | None = None, lane: str = "maps", kind: str = "double", **more: Any) -> Any:
        return ask(home, lane, folder, key or f"key{number}", kind, {"number": number}, **more)

    return put
