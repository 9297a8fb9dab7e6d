"""Two of what there may be one of: supervisors of a home, workers of a run, started at the same instant."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from byol_core.errors import InputError
from byol_core.runs import lock
from byol_core.runs.store import RunStore
from byol_core.system import processes
from tests.faults.lab import ROOT

ROUNDS = 12


def race(kind, homes, rounds):
    """The exit statuses of every round."""
    command = [sys.executable, "-m", "racers", kind, str(homes), str(rounds)]
    path = os.pathsep.join((str(ROOT), os.environ["PYTHONPATH"]))
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, env={**os.environ, "PYTHONPATH": path}, cwd=homes
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_two_supervisors_start_each_run_once(lab, tmp_path):
    statuses = race("supervisors", tmp_path, ROUNDS)
    assert len(statuses) == ROUNDS
    for number in range(ROUNDS):
        store = RunStore(tmp_path / str(number))
        called = (store.home / "called").read_text().split()
        assert sorted(called) == sorted(run.run_id for run in store.runs())
        assert [run.attempt for run in store.runs()] == [1, 1]


def test_of_workers_for_one_run_one_works(lab, tmp_path):
    statuses = race("workers", tmp_path, ROUNDS // 2)
    for number in range(ROUNDS // 2):
        store = RunStore(tmp_path / str(number))
        (run,) = store.runs()
        log = (run.folder / "log.txt").read_text()
        assert (run.state, run.attempt, log.count("starts from the beginning")) == ("finished", 1, 1)
        assert [point[0] for point in store.series(run.run_id, "loss")] == [1, 2, 3, 4, 5, 6]
    assert [sorted(line.split()) for line in statuses] == [["0", "2", "2"]] * (ROUNDS // 2)


def test_several_ask_for_a_supervisor_at_once_and_get_one(lab):
    code = "from byol_core.runs.launcher import LocalExecutor; LocalExecutor().wake()"
    run = lab.store.create(lab.config(5))
    for process in [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(3)]:
        assert process.wait(60) == 0
    lab.ends(run)
    assert lab.log(run).count("starts from the beginning") == 1


def test_nobody_works_on_a_run_whose_folder_is_held(lab):
    """Even when the store was wrong and says that it waits: what counts is who works in the folder."""
    run = lab.store.create(lab.config())
    with lock.hold(run):
        assert lock.held(run.folder)
        with pytest.raises(InputError, match="Another process works on the run 'run-1' already"), lock.hold(run, 0.1):
            pass
    assert lock.held(run.folder) is False


def test_a_run_claimed_by_a_dying_supervisor_can_be_resumed(lab):
    run = lab.store.create(lab.config(5))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as dying:
        lab.store.claim(run.run_id, processes.identity(dying.pid))
        assert lab.show(run)["state"] == "starting"
        dying.kill()
    assert lab.show(run)["state"] == "interrupted"
    lab.resume(run)
    lab.ends(run)
