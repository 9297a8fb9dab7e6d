"""The real packages: what is told comes out again, and a resumed run goes on in the same place, each step once."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from byol_core.config import RunConfig
from byol_core.runs import worker
from byol_core.runs.store import RunStore
from byol_core.runs.trackers.delivery import Ending, open_tracker
from byol_core.system import processes
from tests.runs.test_worker import training

END = Ending("finished", "", {"knn_accuracy": 0.8, "stopped": False, "std_ratio": None})


def twice(name, run, rows):
    """Told by one attempt that died at step 12, and by one that went on from the checkpoint of step 8."""
    open_tracker(name, run).add(rows(range(13)))
    second = open_tracker(name, replace(run, attempt=2))
    second.add(rows(range(9, 21)))
    second.end(END)


def test_tensorboard_shows_every_step_once(run, rows):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    twice("tensorboard", run, rows)
    seen = EventAccumulator(str(run.folder.parent / "tensorboard" / run.run_id))
    seen.Reload()
    assert [event.step for event in seen.Scalars("loss")] == list(range(21))
    assert [(event.step, round(event.value, 4)) for event in seen.Scalars("knn_accuracy")] == [
        (0, 0.0), (10, 0.1), (20, 0.2)
    ]  # fmt: skip
    (last,) = seen.Scalars("final/knn_accuracy")
    assert (last.step, round(last.value, 4)) == (20, 0.8)
    texts = [event.tensor_proto.string_val[0].decode() for event in seen.Tensors("settings")]
    assert "| run | mine |" in texts[0] and "| method.objective | byol |" in texts[0]
    assert "_hparams_/session_start_info" in seen.Tags()["tensors"]


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")  # of MLflow's own tables
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_mlflow_has_one_run_with_every_step_once(run, rows):
    from mlflow import MlflowClient

    twice("mlflow", run, rows)
    client = MlflowClient(f"sqlite:///{run.folder.parent / 'mlflow.db'}")
    (found,) = client.search_runs([client.get_experiment_by_name("BYOL Lab").experiment_id])
    assert (found.info.status, found.info.run_name) == ("FINISHED", "mine")
    assert found.data.params["method.objective"] == "byol"
    assert found.data.metrics["final/knn_accuracy"] == 0.8
    loss = client.get_metric_history(found.info.run_id, "loss")
    assert [(metric.step, metric.value) for metric in loss] == [(step, 4.0 / (1 + step)) for step in range(21)]
    assert [metric.step for metric in client.get_metric_history(found.info.run_id, "knn_accuracy")] == [0, 10, 20]


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.skipif(sys.platform == "win32", reason="no folder may be called like that there")
def test_mlflow_stores_runs_in_a_home_with_any_name(run, rows, tmp_path):
    odd = tmp_path / "a%20b?c#d&e;f 'g' é%"
    run.folder.parent.rename(odd)
    twice("mlflow", replace(run, folder=odd / run.run_id), rows)
    assert (odd / "mlflow.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [odd.name]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_mlflow_sends_no_statistics_of_its_use():
    importlib.import_module("byol_core.runs.trackers.mlflow")
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()


def test_trackio_has_one_run_with_every_step_once(run, rows, tmp_path, monkeypatch, capfd):
    pytest.importorskip("trackio", reason="trackio is tested apart: pip install 'byol-lab[trackio]'")
    where = tmp_path / "trackio"
    for name in ("trackio.utils", "trackio.sqlite_storage"):  # it reads TRACKIO_DIR when it is imported
        monkeypatch.setattr(f"{name}.TRACKIO_DIR", where)
    from trackio.sqlite_storage import SQLiteStorage

    twice("trackio", run, rows)
    logs = SQLiteStorage.get_logs("byol-lab", run_id=run.run_id)
    assert [log["step"] for log in logs if "loss" in log] == list(range(21))
    assert [(log["step"], log["knn_accuracy"]) for log in logs if "knn_accuracy" in log] == [
        (0, 0.0), (10, 0.1), (20, 0.2)
    ]  # fmt: skip
    assert [log["final/knn_accuracy"] for log in logs if "final/knn_accuracy" in log] == [0.8]
    settings = SQLiteStorage.get_run_config("byol-lab", run_id=run.run_id)
    assert settings["method.objective"] == "byol"
    assert [Path(file).suffix for file in map(str, where.iterdir())].count(".db") == 1
    assert capfd.readouterr().out == ""  # stdout belongs to --json


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_metrics_undelivered_before_a_kill_are_sent_on_resume(run, rows, name, monkeypatch):
    store = RunStore()
    made = store.create(RunConfig(steps=20).changed(**{"runtime.trackers": name}), name="mine", here=True)
    first = store.move(made.run_id, "running")
    store.add_metrics(first.run_id, first.attempt, rows(range(13)))
    open_tracker(name, first).add(rows(range(6)))  # then the process died, after a checkpoint of step 10
    store.move(first.run_id, "interrupted")
    monkeypatch.setattr(worker.folder, "checkpoint_step", lambda _folder: 10)
    store.resume(first.run_id)
    second = store.claim(first.run_id, processes.identity())
    assert second is not None and second.attempt == 2
    worker.work(
        store, second, training(lambda _config, _folder, callback, _resume: callback.on_metrics(rows(range(11, 21))))
    )
    store.engine.dispose()
    assert steps_of(name, first) == list(range(21))


def steps_of(name, run):
    """The steps of the loss, as the tracker has them."""
    home = run.folder.parent
    if name == "tensorboard":
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        seen = EventAccumulator(str(home / "tensorboard" / run.run_id))
        seen.Reload()
        return [event.step for event in seen.Scalars("loss")]
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    (found,) = client.search_runs([client.get_experiment_by_name("BYOL Lab").experiment_id])
    return [metric.step for metric in client.get_metric_history(found.info.run_id, "loss")]
