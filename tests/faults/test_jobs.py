"""The job process of a home: killed at any moment, started twice at once, on a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from byol_core.jobs import ENDED, JobKind, ask, job, service, status
from byol_core.jobs.worker import Worker
from byol_core.system import processes
from tests.faults.lab import ROOT, wait_until

# A process whose answers take as long as they are told, and are written down as they begin.
CODE = """
import os, sys, time
from byol_core.jobs import Answer
from byol_core.jobs.__main__ import main

def answer(folder, task, arrays, job):
    with open(sys.argv[2], "a") as log:
        log.write(f"{task['name']} {os.getpid()}\\n")
    time.sleep(task["seconds"])
    return Answer()

sys.exit(main([sys.argv[1], "interactive", "--idle", "0"], lambda place: answer))
"""


ANY = JobKind("any", "byol_core.nowhere:any")  # nobody is there under that name


@pytest.fixture
def start(home, tmp_path, monkeypatch):
    """A real process that answers, started by hand; what asking would start is left."""
    monkeypatch.setattr(processes, "start_detached", lambda *_, **__: None)
    monkeypatch.setattr(service, "_is_coming", lambda home, lane: False)
    home.mkdir()
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", CODE, str(home), str(tmp_path / "begun")]
        started.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def put(home: Path, folder: Path, name: str, seconds: float = 0.0) -> None:
    ask(home, ANY, folder, name, {"name": name, "seconds": seconds})


def begun(tmp_path: Path) -> list[str]:
    return [name for name, _ in _log(tmp_path)]


def answerers(tmp_path: Path) -> set[str]:
    return {pid for _, pid in _log(tmp_path)}


def _log(tmp_path: Path) -> list[list[str]]:
    log = tmp_path / "begun"
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def test_a_killed_process_fails_its_job_and_keeps_the_others(home, start, tmp_path):
    folder = tmp_path / "run"
    put(home, folder, "one", 60)
    put(home, folder, "two")
    first = start()
    wait_until(lambda: begun(tmp_path))
    assert job(folder, "one").state == "running"
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert (job(folder, "one").state, job(folder, "one").message) == ("failed", ENDED)
    assert job(folder, "two").state == "waiting"
    assert start().wait(60) == 0
    assert (job(folder, "one").state, job(folder, "two").state) == ("failed", "ready")
    assert begun(tmp_path) == ["one", "two"]


def test_of_two_processes_only_one_works_and_nothing_runs_twice(home, start, tmp_path):
    for name in ("one", "two", "three"):
        put(home, tmp_path / "run", name, 0.2)
    for process in [start() for _ in range(2)]:
        assert process.wait(60) == 0
    assert begun(tmp_path) == ["one", "two", "three"]
    assert len(answerers(tmp_path)) == 1


def test_on_a_full_disk_it_waits_and_says_so(home, start, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    put(home, folder, "one")
    with monkeypatch.context() as full:
        full.setattr(status, "LEAST_FREE_BYTES", 2**62)
        Worker(home, "interactive", 0.0, lambda place: pytest.fail("it was begun")).serve()
        assert not list(folder.glob("*.status.json"))
        found = job(folder, "one")
        assert (found.state, found.message) == ("waiting", status.full(folder))
    assert start().wait(60) == 0
    assert job(folder, "one").state == "ready"


@pytest.fixture
def started(monkeypatch):
    """The real processes that asking starts; each waits at its first instruction until it is told to go on."""
    begin, started = processes.start_detached, list[subprocess.Popen[bytes]]()

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(begin(*arguments, **options))
        started[-1].send_signal(signal.SIGSTOP)
        return started[-1]

    monkeypatch.setattr(processes, "start_detached", start)
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_asking_starts_one_process_that_ends_by_itself(home, tmp_path, monkeypatch, started):
    home.mkdir()
    monkeypatch.setenv("BYOL_LAB_WARM_SECONDS", "1")
    for name in ("one", "two"):
        put(home, tmp_path / "run", name)
    for process in started:
        process.send_signal(signal.SIGCONT)
    wait_until(lambda: job(tmp_path / "run", "two").state == "failed")  # nobody knows that kind, and says so
    assert "Nobody answers jobs of the kind" in job(tmp_path / "run", "one").message
    wait_until(lambda: all(process.poll() is not None for process in started))
    assert [process.returncode for process in started] == [0]
    service._started.pop((home.resolve(), "interactive"))
