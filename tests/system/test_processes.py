from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from byol_core.system import processes
from byol_core.system.processes import find, identity, kill, kill_orphans, start_detached

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def child():
    with subprocess.Popen(SLEEP, env={**os.environ, "WHOSE": "ours"}, start_new_session=True) as process:
        yield process
        process.kill()


def waited(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
    return True


def dead(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


# Who is who


def test_a_process_is_found_by_its_identity_until_it_ends(child):
    mine = identity(child.pid)
    assert find(*mine).pid == child.pid
    child.kill()  # and not waited for: a zombie is dead
    assert waited(lambda: find(*mine) is None)


def test_another_mark_is_another_process(child):
    pid, mark = identity(child.pid)
    assert find(pid, mark - 1) is None
    assert find(pid, None) is find(None, mark) is None
    assert not kill(pid, mark - 1)
    assert not dead(pid)


def test_two_processes_have_two_marks_that_a_float_holds(child):
    mine, other = identity()[1], identity(child.pid)[1]
    assert mine != other
    assert int(mine) == mine


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the create time is what the system keeps")
def test_the_mark_does_not_depend_on_the_clock(child, monkeypatch):
    before = identity(child.pid)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(psutil, "boot_time", lambda: 0.0)
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: 0.0)
    assert identity(child.pid) == before
    assert find(*before).pid == child.pid


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which start of the machine it was")
def test_another_start_of_the_machine_is_another_process(child, monkeypatch):
    mine = identity(child.pid)
    assert not processes.before_restart(mine[1])
    monkeypatch.setattr(processes, "_boot", lambda: 77)
    assert find(*mine) is None
    assert processes.before_restart(mine[1])
    assert not processes.before_restart(time.time())  # of an earlier release: nobody knows


def test_what_an_earlier_release_wrote_still_finds_its_process(child):
    created = psutil.Process(child.pid).create_time()
    assert find(child.pid, created + 1).pid == child.pid
    assert find(child.pid, created + 10) is None


def test_a_system_that_does_not_tell_gives_the_create_time(child, monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    assert identity(child.pid) == (child.pid, psutil.Process(child.pid).create_time())
    assert find(*identity(child.pid)).pid == child.pid


def test_nobody_has_the_identity_of_a_process_that_is_not_there(child):
    child.kill()
    child.wait()
    with pytest.raises(psutil.NoSuchProcess):
        identity(child.pid)


# Ending


def test_killing_takes_the_children_along(tmp_path):
    code = f"import subprocess, time; print(subprocess.Popen({SLEEP}).pid, flush=True); time.sleep(60)"
    (tmp_path / "parent.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    log = tmp_path / "log.txt"
    parent = start_detached("parent", log=log, environment=environment, cwd=tmp_path)
    waited(lambda: log.read_text().strip())
    assert kill(*identity(parent.pid))
    parent.wait(5)
    assert not kill(parent.pid, 1.0)
    assert waited(lambda: dead(int(log.read_text())))


def test_nobody_kills_itself():
    assert not kill(*identity())


def test_orphans_are_killed_only_if_the_dead_process_owned_them(child):
    assert kill_orphans(child.pid, "WHOSE", "others") == 0
    assert kill_orphans(child.pid + 1, "WHOSE", "ours") == 0
    assert not dead(child.pid)
    assert waited(lambda: kill_orphans(child.pid, "WHOSE", "ours") == 1)
    assert child.wait() == -signal.SIGKILL


def test_a_process_starts_even_if_its_log_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    process = start_detached("this", log=tmp_path / "file" / "log.txt", environment={**os.environ}, cwd=tmp_path)
    assert process.wait(60) == 0


# What the kernel ended


@pytest.mark.parametrize(
    ("groups", "file", "text"),
    [
        ("0::/lab.slice/run.scope\n", "lab.slice/run.scope/memory.events", "max 4\noom 3\noom_kill 2\n"),
        ("5:memory:/lab\n4:cpu,cpuacct:/\n", "memory/lab/memory.oom_control", "under_oom 0\noom_kill 2\n"),
        ("5:hugetlb,memory:/outside/name\n", "memory/memory.oom_control", "under_oom 0\noom_kill 2\n"),
    ],
    ids=["version 2", "version 1", "version 1 in a container"],
)
def test_out_of_memory_kills_are_counted_in_the_control_group(monkeypatch, tmp_path, groups, file, text):
    lay(tmp_path / "proc", "self/cgroup", groups)
    lay(tmp_path / "proc", "vmstat", "nr_free_pages 1\noom_kill 9\n")
    lay(tmp_path / "cgroup", file, text)
    monkeypatch.setattr(processes, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(processes, "_CGROUPS", tmp_path / "cgroup")
    assert processes.killed_for_memory() == 2
    (tmp_path / "cgroup" / file).unlink()
    assert processes.killed_for_memory() == 9
    (tmp_path / "proc/vmstat").unlink()
    assert processes.killed_for_memory() == 0


def lay(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
