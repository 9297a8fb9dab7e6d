"""Whoever is killed, the state shown is true at the first look, nothing saved is lost, and the run goes on."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from byol_core.runs import launcher
from byol_core.runs.folder import checkpoint_step
from byol_core.runs.store import RunStore
from byol_core.system import processes
from tests.faults.lab import STEPS, alive, end, visit, wait_until

WHOLE = [(step, 1 / step) for step in range(1, STEPS + 1)]


@pytest.fixture(params=[signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def how(request):
    return request.param


def is_true(lab, run, state):
    """Both a store that is opened now and the command line, which is a fresh process, say so at the first look."""
    assert RunStore(lab.home).get(run.run_id).state == state
    assert lab.show(run)["state"] == state


def says_why(message, before):
    """Also that the memory was full, where the kernel has ended a process since: it does so for a test in this file,
    perhaps beside this one, and may count for the whole machine."""
    signal_said = "was ended by SIGKILL; resume it to go on from its last" in message
    return signal_said or ("the memory was full" in message and processes.killed_for_memory() > before)


def goes_on(lab, run, state):
    """From the last checkpoint to the end, and its curve is one line."""
    before, kept = lab.curve(run), checkpoint_step(run.folder)
    assert kept >= 5
    lab.hurry()
    lab.resume(run)
    assert lab.ends(run).attempt == 2
    assert before == WHOLE[: len(before)]
    assert lab.curve(run) == WHOLE
    assert f"attempt 2 of '{run.name}' ({run.run_id}) starts from the checkpoint of step {kept}" in lab.log(run)


def test_the_worker(lab, how):
    before = processes.killed_for_memory()
    run = lab.queue()
    end(lab.reaches(run, 6), how)
    state = "interrupted" if how == signal.SIGKILL else "stopped"
    is_true(lab, run, state)
    if state == "interrupted":
        wait_until(lambda: says_why(lab.row(run).message, before))
    goes_on(lab, run, state)


def test_the_supervisor(lab, how):
    """The run does not notice, and when it ends it sees that the next one is started."""
    run = lab.queue()
    lab.reaches(run, 3)
    waiting = lab.store.create(lab.config(5))
    end(lab.supervisor(), how)
    assert not launcher.supervisor_runs(lab.home)
    is_true(lab, run, "running")
    lab.hurry()
    assert lab.ends(run).attempt == 1
    assert lab.curve(run) == WHOLE
    lab.ends(waiting)


def test_the_tab_is_closed_and_then_the_app_ends(lab, how):
    run = lab.queue()
    with lab.served() as (app, address):
        visit(address)
        lab.reaches(run, 3)
        end(app, how)
    is_true(lab, run, "running")
    lab.hurry()
    lab.ends(run)
    assert lab.curve(run) == WHOLE


def test_all_three_at_once(lab):
    run = lab.queue()
    lab.reaches(run, 1)  # with one supervisor: two that are started together wait for each other's end for a moment
    waiting = lab.queue(steps=5)
    with lab.served() as (app, address):
        visit(address)
        worker = lab.reaches(run, 6)
        victims = [lab.supervisor(), app, worker]
        for victim in victims:  # at the same instant: none sees another one go
            os.kill(victim.pid, signal.SIGSTOP)
        for victim in victims:
            os.kill(victim.pid, signal.SIGKILL)
        wait_until(lambda: not any(map(alive, victims)))
    is_true(lab, run, "interrupted")
    is_true(lab, waiting, "queued")
    with lab.served() as (_, address):
        visit(address)  # somebody looks again: that is enough for the run that waits
        lab.ends(waiting)
        goes_on(lab, run, "interrupted")


def test_what_the_worker_started_ends_with_it(lab, monkeypatch):
    monkeypatch.setenv("FAULTS_COUNT", "parent")
    run = lab.queue()
    worker = lab.reaches(run, 1)
    child = psutil.Process(int((run.folder / "child").read_text()))
    assert alive(child)
    end(worker)
    wait_until(lambda: not alive(child))


def test_a_run_that_is_deaf_is_ended_with_all_it_started(lab, monkeypatch):
    monkeypatch.setenv("FAULTS_COUNT", "deaf")
    monkeypatch.setattr(launcher, "ensure_supervisor", lambda *_: None)
    supervisor = lab.start("byol_core.runs.supervisor", "--grace", "0.5")
    run = lab.queue(steps=10_000)
    worker = lab.reaches(run, 1)
    lab.store.request_stop(run.run_id)
    lab.ends(run, "stopped")  # at once to whoever looks; why is said a moment later
    wait_until(lambda: "by force" in lab.row(run).message)
    assert not alive(worker)
    end(supervisor, signal.SIGTERM)


def test_the_kernel_takes_a_run_that_needs_too_much_memory(lab, monkeypatch, tmp_path):
    group = memory_group(200_000_000)
    monkeypatch.setenv("FAULTS_COUNT", "greedy")
    monkeypatch.setattr(launcher, "ensure_supervisor", lambda *_: None)
    with ExitStack() as stack:
        stack.callback(group.rmdir)
        supervisor = lab.start("byol_core.runs.supervisor", group=group)
        stack.callback(end, supervisor)
        run = lab.queue()
        wait_until(lambda: "memory was full" in lab.row(run).message)
        assert lab.row(run).state == "interrupted"
        assert alive(supervisor)


def memory_group(limit: int) -> Path:
    """A control group of that many bytes, of whichever version this machine has."""
    name = f"byol-test-{os.getpid()}"
    for root, file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = Path(root) / name
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / file).write_text(str(limit))
        except OSError:
            group.rmdir()
            continue
        return group
    pytest.skip("this machine lets nobody make a control group with a memory limit")
