"""A tracker that fails, hangs or is missing costs the run one line in its log, and nothing else."""

from __future__ import annotations

import sys
import threading
import time
from types import SimpleNamespace

import pytest

from byol_core.config import RunConfig
from byol_core.events import MetricRow
from byol_core.runs import worker
from byol_core.runs.folder import LOG
from byol_core.runs.store import RunStore
from byol_core.runs.trackers import Mirror, delivery
from tests.runs.test_worker import training


class Kept:
    """A tracker that refuses as many calls as it is told to, and keeps the rest."""

    def __init__(self, refuse=0, wait=None):
        self.refuse, self.wait, self.rows, self.ending = refuse, wait, [], None

    def add(self, rows):
        if self.wait:
            self.wait.wait(20)
        if self.refuse:
            self.refuse -= 1
            raise ConnectionError("nobody there\nat all")
        self.rows.extend(rows)

    def end(self, ending):
        self.ending = ending


@pytest.fixture
def one(run, monkeypatch):
    """Mirror rows into one such tracker; the log of the run then."""
    monkeypatch.setattr(delivery, "PAUSE", 0.01)
    monkeypatch.setattr(delivery, "RETRY", 0.01)

    def mirror(kept, rows, until=lambda: True, patience=20.0):
        monkeypatch.setattr(delivery, "open_tracker", lambda name, run: kept)
        run.config["runtime"]["trackers"] = ["tensorboard"]
        with Mirror(run, patience=patience) as told:
            told.on_metrics(rows)
            pause = threading.Event()
            while not until():
                pause.wait(0.01)
            told.end("finished", "", {"loss": 0.5})
        log = run.folder / LOG
        return log.read_text().splitlines() if log.exists() else []

    return mirror


def test_what_was_refused_is_told_again_and_complained_of_once(one, rows):
    kept = Kept(refuse=3)
    (said,) = one(kept, rows(range(5)), until=lambda: kept.rows)
    assert "tensorboard did not accept the data of the run (ConnectionError: nobody there), and is tried again" in said
    assert kept.rows == rows(range(5))
    assert (kept.ending.state, kept.ending.numbers()) == ("finished", {"final/loss": 0.5})


def test_a_tracker_that_never_takes_anything_lacks_the_end(one, rows):
    kept = Kept(refuse=10**9)
    said = one(kept, rows(range(5)), until=lambda: kept.refuse < 10**9 - 2)
    assert [text.partition(": nobody there), ")[2] for text in said] == [
        "and is tried again; the training goes on.", "so it lacks the end of this run."
    ]  # fmt: skip


def test_a_tracker_that_hangs_is_not_waited_for(one, rows):
    stuck = threading.Event()
    (said,) = one(Kept(wait=stuck), rows(range(5)), patience=0.05)
    stuck.set()
    assert said.endswith("tensorboard does not answer, and may lack the end of this run.")


def test_a_missing_tracker_package_is_named_and_the_run_finishes(run, monkeypatch):
    monkeypatch.setattr(delivery, "PAUSE", 0.01)
    monkeypatch.delitem(sys.modules, "byol_core.runs.trackers.mlflow", raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    store = RunStore()
    made = store.create(RunConfig(steps=2).changed(**{"runtime.trackers": "mlflow"}), here=True)
    heard = []
    quiet = SimpleNamespace(
        on_metrics=lambda rows: None,
        on_progress=lambda progress: None,
        on_alarm=lambda text: None,
        on_note=heard.append,
    )
    ended, status = worker.work(store, made, training(), also=quiet)
    store.engine.dispose()
    assert (ended.state, status) == ("finished", 0)
    assert heard == ["mlflow is not installed, so this run is not mirrored there: pip install 'byol-lab[mlflow]'"]


def test_the_worker_mirrors_metrics_and_the_outcome(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def action(_config, _folder, callback, _resume):
        callback.on_metrics([MetricRow(1, 0.1, 0.1, {"loss": 0.25})])

    store = RunStore()
    made = store.create(RunConfig(steps=2).changed(**{"runtime.trackers": "tensorboard"}), here=True)
    worker.work(store, made, training(action))
    store.engine.dispose()
    seen = EventAccumulator(str(store.home / "tensorboard" / made.run_id))
    seen.Reload()
    assert [(event.step, event.value) for event in seen.Scalars("loss")] == [(1, 0.25)]
    assert seen.Scalars("final/knn_accuracy")[0].value == pytest.approx(0.8)
    assert "| state | finished |" in seen.Tensors("end")[0].tensor_proto.string_val[0].decode()


def test_the_log_names_no_user_and_no_password_of_an_address(one, rows, monkeypatch):
    def refused(_self, _rows):
        raise ConnectionError("http://me:s3:p@ss@tracker.example:5000/api said no")

    monkeypatch.setattr(Kept, "add", refused)
    said = "".join(one(Kept(), rows(range(1))))
    assert "(ConnectionError: http://tracker.example:5000/api said no)" in said and "s3" not in said


def test_tensorboard_goes_on_once_the_disk_has_room_again(run, rows, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.setattr(delivery, "PAUSE", 0.01)
    monkeypatch.setattr(delivery, "RETRY", 0.01)
    opened, opens = [], delivery.open_tracker
    monkeypatch.setattr(delivery, "open_tracker", lambda name, run: opened.append(opens(name, run)) or opened[-1])
    said, lost = [], threading.Event()
    told = delivery.Line("tensorboard", run, lambda text: (said.append(text), lost.set()))
    told.add(rows(range(5)))
    told.start()
    while told._waiting:
        lost.wait(0.01)
    opened[0]._writer._async_writer._worker.exception = OSError(28, "No space left on device")  # and stays there
    told.add(rows(range(5, 9)))
    assert lost.wait(20)
    told.close(delivery.Ending("finished", "", {}))
    told.wait(time.monotonic() + 20)
    assert len(opened) == 2 and len(said) == 1
    seen = EventAccumulator(str(run.folder.parent / "tensorboard" / run.run_id))
    seen.Reload()
    assert [event.step for event in seen.Scalars("loss")] == list(range(9))
