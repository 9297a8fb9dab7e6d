"""A store that another process keeps locked for longer than anybody waits: the training goes on and nothing is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from byol_core.config import build
from byol_core.runs import unsaved
from byol_core.runs.store import RunStore
from tests.faults.nursery import SETTINGS, pictures

# Another program with the file open: it says when it has the lock, and keeps it until its input ends.
_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""
ALL = list(range(1, 25))


@pytest.fixture
def run_id(store: RunStore, tmp_path: Path) -> str:
    return store.create(build({}, {**SETTINGS, "data.source": str(pictures(tmp_path))})).run_id


@contextmanager
def locked(store: RunStore) -> Iterator[None]:
    command = [sys.executable, "-c", _LOCK, str(store.home / "lab.sqlite")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        yield


def steps(store: RunStore, run_id: str) -> list[int]:
    return [point[0] for point in store.series(run_id, "loss")]


def test_a_training_goes_on_to_its_end_while_the_store_is_locked(store, nursery, run_id, until):
    worker = nursery.work(store.home, run_id, at={3: "SIGSTOP"}, busy=200)
    worker.asleep()
    with locked(store):
        worker.wake()
        until(lambda: (store.home / run_id / unsaved.OUTCOME).exists())
        assert (store.home / run_id / "summary.json").exists()
        assert store.get(run_id).state == "running"  # and readers need not wait
    assert worker.end() == 0
    assert (store.get(run_id).state, steps(store, run_id)) == ("finished", ALL)
    assert store.get(run_id).summary["steps"] == 24
    assert worker.said().count("database is locked") == 1
    assert not (store.home / run_id / unsaved.OUTCOME).exists()


def test_an_outcome_the_store_missed_is_found_by_the_next_reader(store, nursery, run_id):
    worker = nursery.work(store.home, run_id, at={3: "SIGSTOP"}, busy=200, patience=0.5)
    worker.asleep()
    with locked(store):
        worker.wake()
        assert worker.end() != 0
    assert (store.get(run_id).state, steps(store, run_id)) == ("finished", ALL)
    assert store.get(run_id).summary["steps"] == 24


def test_metrics_of_a_killed_worker_survive_a_locked_store(store, nursery, run_id):
    worker = nursery.work(store.home, run_id, at={3: "SIGSTOP", 14: "SIGKILL"}, busy=200)
    worker.asleep()
    with locked(store):
        worker.wake()
        assert worker.end() == -signal.SIGKILL
    assert (store.get(run_id).state, steps(store, run_id)) == ("interrupted", ALL[:14])
    store.resume(run_id)
    assert nursery.work(store.home, run_id).end() == 0
    assert (store.get(run_id).state, steps(store, run_id)) == ("finished", ALL)


def test_a_worker_waits_to_start_until_the_store_is_unlocked(store, nursery, run_id, until):
    with locked(store):
        worker = nursery.work(store.home, run_id, busy=100)
        worker.tries_for(1.0)
    assert worker.end() == 0
    assert (store.get(run_id).state, store.get(run_id).attempt) == ("finished", 1)
