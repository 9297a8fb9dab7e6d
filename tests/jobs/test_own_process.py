"""A job in a process of its own goes on by itself, can be ended at any moment, and its death is told."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from byol_core.jobs import ENDED, JobFiles, JobKind, job, own_process, partial, result, withdraw
from byol_core.messages import Message
from tests.faults.lab import wait_until

# Real ones, in this file: whoever runs them has the tests on its path.
KIND = JobKind("counting", "byol_core.nowhere:count", lane=None)


@pytest.fixture
def count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of that name beside ours; its handler counts, shows each number, and does what it is told at one."""
    package = tmp_path / "site" / "sitecustomize.py"
    package.parent.mkdir()
    package.write_text(HANDLER)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


HANDLER = """
import sys, types

def count(folder, task, arrays, job):
    import os, time
    from byol_core.jobs import Answer
    for number in range(task["numbers"]):
        job.partial(Answer(about={"number": number}), always=True)
        if number == task.get("dies_at"):
            os.kill(os.getpid(), 9)
        time.sleep(task.get("seconds", 0))
    if "refuses" in task:
        from byol_core.errors import InputError
        raise InputError("There are {n} images.", setting="batch_size", n=task["numbers"])
    return Answer(about={"number": task["numbers"]})

module = types.ModuleType("byol_core.nowhere")
module.count = count
sys.modules["byol_core.nowhere"] = module
"""


def test_it_is_done_without_a_home_or_a_lane(count: Path) -> None:
    own_process.start(KIND, count, "a", {"numbers": 3})
    assert own_process.wait(count, "a", 60).state == "ready"
    found = result(count, "a")
    assert found is not None and found.about == {"number": 3}


def test_what_it_showed_before_it_died_is_there(count: Path) -> None:
    own_process.start(KIND, count, "a", {"numbers": 9, "dies_at": 5})
    found, seen = own_process.wait(count, "a", 60), partial(count, "a")
    assert (found.state, found.message) == ("failed", ENDED) and seen is not None and seen.about == {"number": 5}


def test_an_error_comes_back_as_it_was_said_with_its_setting(count: Path) -> None:
    own_process.start(KIND, count, "a", {"numbers": 3, "refuses": True})
    found = own_process.wait(count, "a", 60)
    assert (found.state, found.message, found.setting) == ("failed", "There are 3 images.", "batch_size")
    assert isinstance(found.message, Message)
    assert (found.message.template, found.message.values) == ("There are {n} images.", {"n": 3})


def test_whoever_waits_no_longer_ends_it(count: Path) -> None:
    own_process.start(KIND, count, "a", {"numbers": 1, "seconds": 600})
    wait_until(lambda: partial(count, "a"))
    status = JobFiles(count, "a").read_status()
    assert status is not None and own_process.wait(count, "a", 60, stop=lambda: True).state == "running"
    assert not status.alive and partial(count, "a") is not None


def test_a_process_that_has_ended_is_no_zombie(count: Path) -> None:
    own_process.start(KIND, count, "a", {"numbers": 1})
    status = JobFiles(count, "a").read_status()
    assert status is not None and own_process.wait(count, "a", 60).state == "ready"
    wait_until(lambda: not psutil.pid_exists(status.pid))


def test_withdrawing_ends_it_at_once(count: Path) -> None:
    own_process.start(KIND, count, "a", {"numbers": 1, "seconds": 600})
    status = JobFiles(count, "a").read_status()
    assert status is not None and psutil.pid_exists(status.pid)
    began = time.monotonic()
    withdraw(count, "a")
    assert not status.alive and time.monotonic() - began < 5
    assert job(count, "a").state == "absent" and list(count.iterdir()) == []


def test_starting_what_goes_on_changes_nothing(count: Path) -> None:
    first = own_process.start(KIND, count, "a", {"numbers": 1, "seconds": 600})
    status = JobFiles(count, "a").read_status()
    assert own_process.start(KIND, count, "a", {"numbers": 1, "seconds": 600}).state == first.state == "running"
    assert JobFiles(count, "a").read_status() == status
    withdraw(count, "a")
