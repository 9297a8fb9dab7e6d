"""A run that loses what it needs: its images while it trains and when it resumes, its time (SIGTERM), its numbers."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from byol_core.config import build
from byol_core.runs.store import RunStore
from tests.faults.nursery import SETTINGS, pictures

ALL = list(range(1, 25))


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return pictures(tmp_path)


def make(store: RunStore, source: Path, **changes: object) -> str:
    return store.create(build({}, {**SETTINGS, "data.source": str(source), **changes})).run_id


def steps(store: RunStore, run_id: str) -> list[int]:
    return [point[0] for point in store.series(run_id, "loss")]


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_deleting_the_images_does_not_stop_a_run_in_progress(store, nursery, source, tmp_path, where):
    cache = tmp_path / "cache"
    run_id = make(store, source, **{"runtime.images": where})
    worker = nursery.work(store.home, run_id, at={3: "SIGSTOP"}, environment={"BYOL_LAB_CACHE": str(cache)})
    worker.asleep()
    source.unlink()
    shutil.rmtree(cache, ignore_errors=True)
    worker.wake()
    assert worker.end() == 0
    assert (store.get(run_id).state, steps(store, run_id)) == ("finished", ALL)


def test_a_run_whose_images_are_missing_resumes_when_they_return(store, nursery, source):
    run_id = make(store, source)
    assert nursery.work(store.home, run_id, at={8: "SIGKILL"}).end() == -signal.SIGKILL
    aside = source.rename(source.with_suffix(".aside"))
    store.resume(run_id)
    assert nursery.work(store.home, run_id).end() == 2
    run = store.get(run_id)
    assert run.state == "failed"
    assert str(source) in run.message
    aside.rename(source)
    store.resume(run_id)
    assert nursery.work(store.home, run_id).end() == 0
    assert (store.get(run_id).state, steps(store, run_id)) == ("finished", ALL)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_run_ended_by_a_signal_keeps_every_step_and_resumes(store, nursery, source, name):
    run_id = make(store, source, **{"runtime.checkpoint_every": 1000.0})
    assert nursery.work(store.home, run_id, at={9: name}).end() == 0
    assert (store.get(run_id).state, store.get(run_id).step, steps(store, run_id)) == ("stopped", 9, ALL[:9])
    store.resume(run_id)
    assert nursery.work(store.home, run_id).end() == 0
    assert steps(store, run_id) == ALL
    assert "Resumed at step 9 of 24." in (store.home / run_id / "log.txt").read_text()


def test_a_run_that_is_frozen_and_thawed_goes_on(store, nursery, source):
    run_id = make(store, source)
    worker = nursery.work(store.home, run_id, at={5: "SIGSTOP"})
    worker.asleep()
    assert store.get(run_id).state == "running"
    worker.wake()
    assert worker.end() == 0
    assert store.get(run_id).alarm is None


def test_a_nan_loss_fails_the_run_and_never_reaches_the_curve(store, nursery, source):
    wild = {"optimizer.lr": 100.0, "optimizer.weight_decay": 1.0, "epochs": 100, "runtime.checkpoint_every": 0.34}
    run_id = make(store, source, **wild)
    assert nursery.work(store.home, run_id).end() == 1
    run = store.get(run_id)
    assert run.state == "failed"
    assert run.message.startswith("The loss was not a number at step ")
    assert run.alarm == run.message
    assert all(value == value for *_, value in store.series(run_id, "loss"))
    assert list((run.folder / "checkpoints").glob("step-*.pt")) or run.step < 3
