from __future__ import annotations

import time

import pytest

from byol_core.events import MetricRow
from byol_core.runs import repair, unsaved
from byol_core.runs.lock import hold
from byol_core.runs.schema import runs
from byol_core.runs.store import RunStore
from byol_core.system.processes import identity

GONE = (identity()[0], 1.0)


@pytest.fixture
def dead(store, config):
    """A run whose process is gone, as its row says it before anybody looks."""
    run = store.create(config)
    store.claim(run.run_id, GONE)
    return run


def row(step):
    return MetricRow(step, step / 10, step * 0.1, {"loss": 1 / step})


def test_an_outcome_the_store_missed_is_read_from_the_run_folder(store, dead):
    unsaved.leave(dead.folder, 1, "finished", "", {"steps": 20, "epochs": 2.0, "loss": 0.05}, [row(19), row(20)])
    run = RunStore(store.home).get(dead.run_id)
    assert (run.state, run.message, run.step, run.epoch) == ("finished", "", 20, 2.0)
    assert run.summary["loss"] == 0.05
    assert [point[0] for point in store.series(dead.run_id, "loss")] == [19, 20]
    assert unsaved.take(dead.folder, 1) is None


def test_rows_that_a_killed_worker_left_are_taken_in(store, dead):
    store.add_metrics(dead.run_id, 1, [row(1), row(2)])
    unsaved.append(dead.folder, 1, [row(2), row(3)])
    assert RunStore(store.home).get(dead.run_id).state == "interrupted"
    assert [point[0] for point in store.series(dead.run_id, "loss")] == [1, 2, 3]
    assert not (dead.folder / unsaved.UNSAVED).exists()


def test_the_word_of_an_earlier_attempt_does_not_count(store, dead):
    unsaved.leave(dead.folder, 7, "finished", "", {}, [])
    assert RunStore(store.home).get(dead.run_id).state == "interrupted"


def test_what_was_left_stays_while_the_store_cannot_take_it(store, dead):
    unsaved.leave(dead.folder, 1, "failed", "The loss was not a number.", {}, [row(1)])
    other = RunStore(store.home)
    with store.writing():  # the one writer
        run = other.get(dead.run_id)
        assert (run.state, run.message) == ("failed", "The loss was not a number.")
        assert unsaved.take(dead.folder, 1).rows == [row(1)]
    assert other.runs()[0].state == "failed"
    assert store.series(dead.run_id, "loss") != []


def test_the_end_of_a_run_is_its_last_sign_of_life(store, dead):
    then = time.time() - 9 * 3600
    with store.writing() as connection:
        connection.execute(runs.update().values(started=then - 60, heartbeat=then))
    assert RunStore(store.home).get(dead.run_id).ended == then


def test_a_sign_of_life_from_the_future_is_one_of_now(store, dead):
    with store.writing() as connection:
        connection.execute(runs.update().values(heartbeat=time.time() + 9999))
    assert RunStore(store.home).get(dead.run_id).ended <= time.time()


def test_a_row_that_was_changed_meanwhile_is_left_alone(store, config):
    run = store.create(config)
    stale = store.claim(run.run_id, GONE)
    store.set_process(run.run_id, identity())
    assert repair._correct(store, stale) is None
    assert store.get(run.run_id).state == "starting"


def test_a_run_whose_folder_is_held_is_not_thought_dead(store, dead):
    """As by a process of another container, which has numbers of its own."""
    with hold(dead):
        assert RunStore(store.home).get(dead.run_id).state == "starting"
    assert RunStore(store.home).get(dead.run_id).state == "interrupted"


def test_nothing_is_written_when_no_run_is_worked_on(store, config, monkeypatch):
    store.create(config)
    monkeypatch.setattr(store, "writing", lambda **_: pytest.fail("nothing is stale"))
    assert repair.repair(store) == []
    assert repair.seen(store.runs()) == store.runs()


def test_a_worker_that_finishes_while_checked_counts_as_finished(store, dead, monkeypatch):
    """Between reading the row and looking at the process."""

    def finish(found):
        if found[0].state == "starting":
            store.move(dead.run_id, "running")
            store.move(dead.run_id, "finished")
        return repair.seen(found)

    reader = RunStore(store.home)
    monkeypatch.setattr(reader, "_repaired", time.monotonic())
    monkeypatch.setattr("byol_core.runs.store.seen", finish)
    assert reader.get(dead.run_id).state == "finished"
