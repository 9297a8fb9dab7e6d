"""The training never waits for the store, and what it says gets there in the end."""

from __future__ import annotations

import shutil
import threading
import time

import pytest

from byol_core.errors import InputError, LabError
from byol_core.events import Alarm, MetricRow, Progress
from byol_core.runs import folder, schema, system_metrics, unsaved
from byol_core.runs.stall import StallWatch
from byol_core.runs.store import RunStore
from byol_core.runs.store_callback import Pace, StoreCallback

QUICK = Pace(ask=0.02, beat=0.1, system=0.05, stalled=0.1, retry=0.05, patience=20.0)
COLLAPSE = Alarm("It collapses.", "collapsing", "projection")


@pytest.fixture
def patient_store(home, monkeypatch) -> RunStore:
    """A store that gives up on a lock after a tenth of a second."""
    monkeypatch.setattr(schema, "BUSY_MILLISECONDS", 100)
    return RunStore()


@pytest.fixture
def run(patient_store, config):
    run = patient_store.create(config, here=True)
    return patient_store.move(run.run_id, "running")


@pytest.fixture
def callback(patient_store, run):
    with StoreCallback(patient_store, run, threading.Event(), pace=QUICK) as callback:
        yield callback


@pytest.fixture
def lock(home, run):
    """Another connection that writes and does not come to an end until it is told."""
    other = RunStore(home)
    with other.engine.connect() as connection, connection.begin() as transaction:
        yield transaction


def log(run):
    return "\n".join(folder.tail(run.folder))


def losses(store, run):
    return [point[3] for point in store.series(run.run_id, "loss")]


def test_a_locked_store_delays_nobody_and_loses_nothing(patient_store, run, callback, lock, row, until):
    for step in range(1, 51):
        callback.on_metrics([row(step, step / 100)])
    until(lambda: "What the training says is kept" in log(run))
    assert losses(patient_store, run) == []
    lock.rollback()
    until(lambda: losses(patient_store, run) == [step / 100 for step in range(1, 51)])
    said = log(run)
    assert (said.count("database is locked"), said.count("takes what the training says again")) == (1, 1)


def test_of_what_waits_only_the_newest_progress_counts(patient_store, run, callback, lock, until):
    for step in range(1, 21):
        callback.on_progress(Progress(step, 20, step / 10, 100.0, 1.0, "training"))
    lock.rollback()
    until(lambda: patient_store.get(run.run_id).step == 20)


def test_rows_are_on_the_disk_before_the_store_has_them(run, callback, lock, row):
    callback.on_metrics([row(1, 0.5), row(2, float("nan"))])
    assert [found.step for found in unsaved.unsaved(run.folder)[1]] == [1, 2]


def test_an_end_that_the_store_does_not_hear_is_left_in_the_folder(patient_store, run, lock, row):
    impatient = StoreCallback(patient_store, run, threading.Event(), pace=Pace(ask=0.02, patience=0.1))
    with impatient, pytest.raises(LabError, match="The run is finished, and the store will be told later"):
        impatient.on_metrics([row(1, 0.5)])
        impatient.conclude("finished", "", {"loss": 0.5})
    left = unsaved.take(run.folder, 1)
    assert (left.state, left.summary, [found.step for found in left.rows]) == ("finished", {"loss": 0.5}, [1])


def test_an_end_that_the_store_hears_late_leaves_nothing_behind(patient_store, run, callback, lock, row):
    callback.on_metrics([row(1, 0.5)])
    threading.Timer(0.5, lock.rollback).start()
    assert callback.conclude("finished", "", {"loss": 0.5}).state == "finished"
    assert losses(patient_store, run) == [0.5]
    assert unsaved.take(run.folder, 1) is None
    assert not (run.folder / unsaved.UNSAVED).exists()


def test_a_run_whose_folder_is_removed_stops(run, callback, until):
    shutil.rmtree(run.folder)
    until(callback.should_stop)


def test_somebody_elses_verdict_stands(patient_store, run, callback):
    patient_store.move(run.run_id, "interrupted")
    with pytest.raises(InputError, match="is interrupted"):
        callback.conclude("finished", "", {})


def test_the_heart_beats_while_the_training_is_silent(patient_store, run, callback, until):
    callback.on_progress(Progress(3, 20, 0.3, 100.0, 1.0, "evaluating"))
    until(lambda: patient_store.get(run.run_id).step == 3)
    before = patient_store.get(run.run_id).heartbeat
    until(lambda: patient_store.get(run.run_id).heartbeat > before)
    assert patient_store.get(run.run_id).phase == "evaluating"


def test_the_machine_is_looked_at_where_the_training_is(patient_store, run, callback, row, until):
    callback.on_metrics([row(7, 0.5)])
    until(lambda: patient_store.latest(run.run_id, system_metrics.MEMORY))
    step, epoch, seconds, value = patient_store.latest(run.run_id, system_metrics.MEMORY)
    assert (step, epoch, round(seconds, 2)) == (7, 0.7, 0.7)
    assert value > 0.01
    assert 0 <= patient_store.latest(run.run_id, system_metrics.CPU)[3] <= 100


def test_nothing_is_said_of_the_machine_before_the_training_is_somewhere(patient_store, run, callback):
    time.sleep(0.3)  # several looks
    assert patient_store.metric_keys(run.run_id) == []


def test_what_waits_of_the_machine_is_thinned_and_of_the_training_is_not(run, callback, lock, row, until):
    callback.most_system_rows = 4
    callback.on_metrics([row(1, 0.5)])
    for step in range(2, 40):
        callback.on_metrics([row(step, 0.5)])
        callback._add_system(MetricRow(step, 0.0, 0.0, {system_metrics.CPU: 1.0}))
    waiting = callback._rows
    assert sum("loss" in found.values for found in waiting) == 39
    assert sum(system_metrics.CPU in found.values for found in waiting) <= 6


def test_a_stall_is_an_alarm_and_the_training_ends_it(patient_store, run, callback, until):
    clock = [0.0]  # it goes when it is told: what the machine takes is never a stall
    watch = callback.watch = StallWatch(lambda: clock[0])
    callback.on_alarm(COLLAPSE)
    callback.on_progress(Progress(1, 20, 0.1, 100.0, 1.0, "training"))
    callback.should_stop()
    for clock[0] in (40.0, 80.0, 120.0):  # all at once would be the sleep of the whole process
        until(lambda: watch._asked == clock[0])
    until(lambda: (patient_store.get(run.run_id).alarm or "").startswith("No step for"))
    callback.should_stop()
    until(lambda: patient_store.get(run.run_id).alarm == "It collapses.")
    assert log(run).count("ALARM: No step for") == 1


def test_how_far_a_phase_is_does_not_make_it_another(callback):
    for share in range(3):
        callback.on_progress(Progress(0, 0, 0.0, 0.0, 0.0, f"reading, {share}%", activity="reading"))
    assert callback.watch._activity == "reading" and "reading" in callback.watch._longest


def test_a_fault_of_the_thread_ends_neither_it_nor_the_training(patient_store, run, callback, row, until, monkeypatch):
    monkeypatch.setattr(patient_store, "add_metrics", lambda *_: 1 / 0)
    callback.on_metrics([row(1, 0.5)])
    until(lambda: "ZeroDivisionError" in log(run))
    monkeypatch.undo()
    until(lambda: losses(patient_store, run) == [0.5])


def test_a_machine_that_cannot_be_looked_at_costs_only_its_numbers(
    patient_store, run, callback, row, until, monkeypatch
):
    monkeypatch.setattr(callback._sampler, "read", lambda: 1 / 0)
    callback.on_metrics([row(1, 0.5)])
    until(lambda: "The machine is not looked at any more (ZeroDivisionError" in log(run))
    callback.on_metrics([row(2, 0.25)])
    until(lambda: losses(patient_store, run) == [0.5, 0.25])


def test_a_stall_is_over_when_the_run_is(patient_store, run, callback, until):
    callback.on_alarm(COLLAPSE)
    callback._stall = Alarm("No step for 90 s.", "stalled")
    assert callback.conclude("stopped", "", None).alarm == "It collapses."
