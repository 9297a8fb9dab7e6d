"""A run in a home of its own, as the worker has it, and the rows of two curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from byol_core.config import RunConfig
from byol_core.events import MetricRow
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    store = RunStore()
    made = store.create(RunConfig(steps=20).changed(**{"runtime.trackers": ["tensorboard", "mlflow"]}), name="mine")
    store.engine.dispose()
    return replace(made, attempt=1)


@pytest.fixture
def rows() -> Callable[[range], list[MetricRow]]:
    """A loss at each step, and an accuracy at each tenth."""

    def make(steps: range) -> list[MetricRow]:
        found = []
        for step in steps:
            found.append(MetricRow(step, step / 10, step * 0.1, {"loss": 4.0 / (1 + step)}))
            if step % 10 == 0:
                found.append(MetricRow(step, step / 10, step * 0.1, {"knn_accuracy": step / 100}))
        return found

    return make
