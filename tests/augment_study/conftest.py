"""A run of random weights on a small set of three colors, and the job of a warm process that nobody started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byol_core.augment_study import Subject
from byol_core.jobs import JobContext, JobFiles, LruCache
from byol_core.jobs.status import Reporter
from byol_core.jobs.worker import Worker
from tests.evaluation.judged import write_run, write_set


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def subject(home: Path, tmp_path: Path) -> Subject:
    return Subject(write_run(home, write_set(tmp_path)), name="a run")


@pytest.fixture
def job(tmp_path: Path) -> JobContext:
    files = JobFiles(tmp_path, "question")
    return JobContext(files, Reporter(files.status).say, LruCache(), lambda: False)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started, so that the test itself answers."""
    monkeypatch.setattr("byol_core.jobs.queue.wake", lambda home, lane: None)


@pytest.fixture
def serve(home: Path, nobody: None) -> Callable[[], Any]:
    memory = LruCache()
    return lambda: Worker(home, "interactive", 0.0, memory=memory).serve()
