"""After a restart of the machine: processes of before, numbers that others have now, stores that nobody can write."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import replace

import psutil
import pytest

from byol_core.runs import lock, repair
from byol_core.runs.store import RunStore
from byol_core.system import processes
from tests.faults.lab import STEPS, Lab, alive, end, wait_until


@pytest.fixture
def other():
    """A program of somebody else."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield psutil.Process(process.pid)
        process.kill()


def earlier(mark):
    """The mark that the same process would have, had the machine been restarted since."""
    return mark - 2.0**processes._TICK_BITS


def test_a_run_of_before_the_restart_says_so_and_goes_on(lab):
    run = lab.queue()
    worker = lab.reaches(run, 6)
    end(lab.supervisor())
    process = lab.row(run).pid, earlier(lab.row(run).pid_created)
    lab.freeze(worker)
    lab.store.set_process(run.run_id, process)
    end(worker)
    seen = lab.show(run)
    assert seen["state"] == "interrupted"
    assert seen["message"].startswith("The machine went down while this run was being worked on; resume it to go on")
    lab.hurry()
    lab.resume(run)
    lab.ends(run)
    assert [step for step, _ in lab.curve(run)] == list(range(1, STEPS + 1))


@pytest.mark.parametrize("mark", ["of before", "of a second before", "of an earlier release"])
def test_a_reused_pid_is_not_mistaken_for_the_run(lab, other, mark):
    run = lab.store.create(lab.config())
    created = {
        "of before": earlier(processes.identity(other.pid)[1]),
        "of a second before": processes.identity(other.pid)[1] + os.sysconf("SC_CLK_TCK"),
        "of an earlier release": other.create_time() - 60,
    }[mark]
    lab.store.claim(run.run_id, (other.pid, created))
    assert not processes.kill(other.pid, created)
    assert lab.show(run)["state"] == "interrupted"
    assert alive(other)


def test_an_earlier_releases_worker_is_known_by_its_create_time(lab, other):
    run = lab.store.create(lab.config())
    lab.store.claim(run.run_id, (other.pid, other.create_time()))
    assert lab.show(run)["state"] == "starting"
    end(other)
    assert lab.show(run)["state"] == "interrupted"


# The same machine under another name, as a container that was made again


def test_a_silent_unlocked_run_of_a_renamed_host_is_interrupted(lab):
    run = lab.store.create(lab.config())
    lab.store.claim(run.run_id, (1, 1.0))
    code = "import sys, pathlib; from byol_core.runs.lock import _lock; lock = _lock(pathlib.Path(sys.argv[1]));"
    code += "lock.acquire(); print('held', flush=True); input()"
    command = [sys.executable, "-c", code, str(run.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout.readline() == "held\n"
        change(lab, run, host="a-container-of-before", heartbeat=time.time() - 60)
        assert lab.show(run)["state"] == "starting"
        assert "the machine 'a-container-of-before'" in repair.stalled(lab.row(run))
        worker.kill()
    assert lab.show(run)["state"] == "interrupted"


def test_a_run_on_another_machine_with_a_heartbeat_is_left_alone(lab):
    run = lab.store.create(lab.config())
    lab.store.claim(run.run_id, (1, 1.0))
    (run.folder / lock.LOCK).touch()
    change(lab, run, host="elsewhere")
    assert lab.show(run)["state"] == "starting"
    assert repair.stalled(lab.row(run)) == ""


def change(lab, run, **values):
    with closing(sqlite3.connect(lab.home / "lab.sqlite")) as database, database:
        names = ", ".join(f"{name} = ?" for name in values)
        database.execute(f"UPDATE runs SET {names} WHERE run_id = ?", (*values.values(), run.run_id))


# A store that cannot be written


def test_the_truth_is_seen_while_another_process_locks_the_store(lab, monkeypatch):
    run = lab.queue()
    worker = lab.reaches(run, 6)
    end(lab.supervisor())
    with closing(sqlite3.connect(lab.home / "lab.sqlite", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        end(worker)
        assert lab.show(run)["state"] == "interrupted"  # a process that opens the store again
        assert [seen.state for seen in lab.store.runs()] == ["interrupted"]
        assert database.execute("SELECT state FROM runs").fetchall() == [("running",)]
        database.execute("COMMIT")
    assert lab.row(run).state == "interrupted"
    lab.hurry()
    lab.resume(run)
    lab.ends(run)
    assert [step for step, _ in lab.curve(run)] == list(range(1, STEPS + 1))


def test_run_states_are_right_on_a_full_disk_and_work_resumes(tmp_path, monkeypatch, lab):
    with small_disk(tmp_path / "disk") as disk:
        monkeypatch.setenv("BYOL_LAB_HOME", str(disk / "home"))
        small = Lab(disk / "home", RunStore(disk / "home"))
        try:
            run = small.queue()
            worker, supervisor = small.reaches(run, 6), small.supervisor()
            fill(disk / "ballast")
            end(worker)
            assert small.show(run)["state"] == "interrupted"
            assert small.row(run).state == "interrupted"
            (disk / "ballast").unlink()
            small.hurry()
            small.resume(run)
            small.ends(run)
            assert [step for step, _ in small.curve(run)] == list(range(1, STEPS + 1))
            assert small.supervisor() == supervisor  # it lived through that
        finally:
            small.close()


@contextmanager
def small_disk(place):
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "small", str(place)], capture_output=True)
    if done.returncode:
        assert "CI" not in os.environ, done.stderr
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        yield place
    finally:
        wait_until(lambda: subprocess.run(["umount", str(place)], capture_output=True).returncode == 0)


def fill(path):
    with path.open("wb") as file, pytest.raises(OSError):
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    assert shutil.disk_usage(path.parent).free < 1 << 16


# Silence


def test_a_worker_that_is_paused_is_said_to_be_silent(lab):
    run = lab.queue()
    worker = lab.reaches(run, 1)
    worker.suspend()
    seen = lab.row(run)
    assert repair.stalled(seen) == ""
    sentence = repair.stalled(seen, seen.heartbeat + 130)
    assert sentence.startswith(f"No heartbeat for 2 min: its process {worker.pid} is there, but")
    assert repair.stalled(seen, seen.heartbeat - 3600) == ""  # the clock was set back
    assert repair.stalled(replace(seen, state="finished"), seen.heartbeat + 130) == ""
    worker.resume()
