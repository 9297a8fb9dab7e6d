"""MLflow: the server of ``MLFLOW_TRACKING_URI``, else ``mlflow.db`` in the home.

The extra installs MLflow's client alone; ``mlflow ui --backend-store-uri sqlite:///byol_runs/mlflow.db`` needs the
whole package. A run is found again by its tag, so that a resumed one goes on in the same MLflow run.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before it is imported: the lab sends no statistics

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from byol_core.config.run_config import flatten
from byol_core.events import MetricRow
from byol_core.runs.run import Run
from byol_core.runs.schema import sqlite_url
from byol_core.runs.trackers.delivery import Ending, Seen

TAG, EXPERIMENT, DATABASE = "byol_lab.run_id", "BYOL Lab", "mlflow.db"
# What MLflow takes in one call, and of one setting.
_METRICS, _PARAMS, _LETTERS = 1000, 100, 6000
_STATUS = {"finished": "FINISHED", "stopped": "KILLED", "interrupted": "KILLED"}


def open_run(run: Run) -> Client:
    """The MLflow run of a run."""
    for name in ("mlflow", "alembic"):  # they tell the terminal how they make their tables
        logging.getLogger(name).setLevel(logging.WARNING)
    home = run.folder.parent
    uri = os.environ.get("MLFLOW_TRACKING_URI") or _uri(home / DATABASE)
    client = MlflowClient(tracking_uri=uri)
    found = _find(client, run, _experiment(client, uri, home))
    client.update_run(found, status="RUNNING")
    client.log_batch(found, tags=[RunTag("byol_lab.attempt", str(run.attempt))])
    return Client(client, found)


def _uri(file: Path) -> str:
    """With the driver's name: of what begins with ``sqlite:///`` MLflow makes the folder, under its name as encoded."""
    return sqlite_url(file).set(drivername="sqlite+pysqlite").render_as_string()


def _experiment(client: MlflowClient, uri: str, home: Path) -> str:
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    known = client.get_experiment_by_name(name)
    if known is None:
        files = (home / "mlflow").as_uri() if uri.startswith("sqlite") else None
        return str(client.create_experiment(name, artifact_location=files))
    return str(known.experiment_id)


def _find(client: MlflowClient, run: Run, experiment: str) -> str:
    """The run as an earlier attempt left it, else a new one with the settings."""
    known = client.search_runs([experiment], f"tags.`{TAG}` = '{run.run_id}'", max_results=1)
    if known:
        return str(known[0].info.run_id)
    tags = {TAG: run.run_id, "byol_lab.preset": run.preset or ""}
    made = str(client.create_run(experiment, run_name=run.name, tags=tags).info.run_id)
    settings = [Param(key, str(value)[:_LETTERS]) for key, value in flatten(run.config)]
    for part in _parts(settings, _PARAMS):
        client.log_batch(made, params=part)
    return made


class Client:
    """One run of MLflow."""

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self._client, self._id, self._last = client, run_id, 0
        self._seen = Seen(self._last_step)

    def _last_step(self, key: str) -> int:
        history = self._client.get_metric_history(self._id, key)
        return max((metric.step for metric in history), default=-1)

    def add(self, rows: Sequence[MetricRow]) -> None:
        """Log what is not there yet."""
        now = int(time.time() * 1000)
        for part in _parts(rows, _METRICS // 10):
            found = [(row.step, key, value) for row in part for key, value in self._seen.fresh(row).items()]
            for some in _parts(found, _METRICS):
                self._client.log_batch(self._id, metrics=[Metric(key, value, now, step) for step, key, value in some])
            self._seen.note(part)
            self._last = max(self._last, *(row.step for row in part))

    def end(self, ending: Ending) -> None:
        """Log the numbers of the end, and set the state."""
        now = int(time.time() * 1000)
        numbers = [Metric(key, value, now, self._last) for key, value in ending.numbers().items()]
        tags = [RunTag("byol_lab.state", ending.state), RunTag("byol_lab.message", ending.message)]
        self._client.log_batch(self._id, metrics=numbers, tags=tags)
        self._client.set_terminated(self._id, _STATUS.get(ending.state, "FAILED"))


def _parts(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
