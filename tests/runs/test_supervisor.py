from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from byol_core.errors import LabError
from byol_core.events import MetricRow
from byol_core.runs import devices as slots
from byol_core.runs import launcher, library, lock, queue, supervisor, unsaved
from byol_core.runs.launcher import LocalExecutor
from byol_core.runs.schema import runs
from byol_core.runs.supervisor import Supervisor
from byol_core.system import processes


@pytest.fixture
def watch(store, monkeypatch):
    """A supervisor in this process, whose workers only count; it holds the lock, so that no worker starts another."""
    monkeypatch.setattr(slots, "cuda_devices", list)
    with launcher.supervisor_lock(store.home):
        yield Supervisor(store, worker="tiny_worker", grace=60)


def reaches(store, watch, run, state):
    def look():
        watch.tick()
        return store.get(run.run_id).state == state

    return look


def test_waiting_runs_are_done_one_after_another_in_order(store, config, watch, until):
    runs = [store.create(config) for _ in range(3)]
    until(reaches(store, watch, runs[-1], "finished"), 120)
    runs = [store.get(run.run_id) for run in runs]
    assert [run.state for run in runs] == ["finished"] * 3
    assert runs[0].ended <= runs[1].started
    assert runs[1].ended <= runs[2].started


def test_a_higher_priority_starts_first_and_one_that_runs_is_not_disturbed(store, config, watch, until):
    first, usual, urgent = (store.create(config) for _ in range(3))
    watch.tick()
    queue.set_priority(store, urgent.run_id, 2)
    until(reaches(store, watch, usual, "finished"), 120)
    started = {run.run_id: run.started for run in store.runs()}
    assert started[first.run_id] < started[urgent.run_id] < started[usual.run_id]


def test_a_waiting_run_says_what_it_waits_for(store, config, watch):
    busy = store.create(config, name="busy", here=True)
    first, second = store.create(config), store.create(config)
    watch.tick()
    assert store.get(first.run_id).message == "Waits for the CPU: 'busy' is running there."
    assert store.get(second.run_id).message == "Waits for the CPU: 'busy' is running there and 1 more before it."
    assert store.get(busy.run_id).message == ""


def sees(store, run, devices, until):
    """The run's process is told to use these devices; the kernel shows its environment a moment after it started."""
    process = psutil.Process(store.get(run.run_id).pid)
    until(lambda: process.environ().get("CUDA_VISIBLE_DEVICES") == devices, 5)


def test_each_gpu_has_a_run_of_its_own(store, config, watch, monkeypatch, until):
    monkeypatch.setenv("TINY_SECONDS", "0.2")
    watch.devices = ["0", "3"]
    on_cpu = store.create(config.changed(**{"runtime.device": "cpu"}))
    runs = [store.create(config) for _ in range(3)]
    watch.tick()
    assert [store.get(run.run_id).device for run in (*runs, on_cpu)] == ["cuda:0", "cuda:3", "", "cpu"]
    sees(store, runs[1], "3", until)


def test_a_run_of_several_processes_takes_as_many_gpus_and_is_not_overtaken(store, config, watch, monkeypatch, until):
    monkeypatch.setenv("TINY_SECONDS", "0.2")
    watch.devices = ["0", "1"]
    first = store.create(config, name="first")
    wide = store.create(config.changed(**{"runtime.processes": 2}), name="wide")
    later = store.create(config)
    watch.tick()
    assert [store.get(run.run_id).device for run in (first, wide, later)] == ["cuda:0", "", ""]
    assert store.get(wide.run_id).message == "Waits for GPU 0: 'first' is running there."
    assert store.get(later.run_id).message == "Waits for GPU 1: 'wide' is to run there."
    until(reaches(store, watch, wide, "running"))
    assert store.get(wide.run_id).device == "cuda:0,1"
    sees(store, wide, "0,1", until)


def test_a_worker_is_detached_nice_and_writes_to_its_log(store, config, watch, monkeypatch, until):
    monkeypatch.setenv("TINY_SECONDS", "0.2")
    run = store.create(config)
    until(reaches(store, watch, run, "running"))
    process = psutil.Process(store.get(run.run_id).pid)
    assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid
    assert process.nice() == 10
    assert Path(f"/proc/{process.pid}/fd/1").readlink() == run.folder / "log.txt"


def test_a_killed_worker_is_interrupted_within_five_seconds_and_resumed(store, config, watch, monkeypatch, until):
    monkeypatch.setenv("TINY_SECONDS", "0.2")
    run = store.create(config)
    until(reaches(store, watch, run, "running"))
    os.kill(store.get(run.run_id).pid, signal.SIGKILL)
    until(lambda: store.get(run.run_id).state == "interrupted", 5)  # without the supervisor
    monkeypatch.setenv("TINY_SECONDS", "0")
    store.resume(run.run_id)
    until(reaches(store, watch, run, "finished"))
    assert store.get(run.run_id).attempt == 2


@pytest.mark.parametrize("how", ["flag", "SIGTERM"])
def test_a_run_stops_with_a_checkpoint_and_goes_on_from_it(store, config, watch, monkeypatch, until, how):
    monkeypatch.setenv("TINY_SECONDS", "0.1")
    run = store.create(config.changed(steps=1000))  # by itself it does not end before anybody stops waiting
    until(lambda: reaches(store, watch, run, "running")() and store.get(run.run_id).step > 2)
    store.request_stop(run.run_id) if how == "flag" else os.kill(store.get(run.run_id).pid, signal.SIGTERM)
    until(reaches(store, watch, run, "stopped"))
    stopped_at = store.get(run.run_id).step
    assert 2 < stopped_at < 1000
    monkeypatch.setenv("TINY_SECONDS", "0")
    store.resume(run.run_id)
    until(reaches(store, watch, run, "finished"))
    assert [point[0] for point in store.series(run.run_id, "loss")] == list(range(1, 1001))
    assert f"from the checkpoint of step {stopped_at}" in (run.folder / "log.txt").read_text()


def test_a_run_that_does_not_stop_is_killed_after_the_grace_period(store, config, watch, monkeypatch, until):
    monkeypatch.setenv("TINY", "deaf")
    monkeypatch.setenv("TINY_SECONDS", "1")
    watch.grace = 0.5
    run = store.create(config)
    until(reaches(store, watch, run, "running"))
    pid = store.get(run.run_id).pid
    store.request_stop(run.run_id)
    until(reaches(store, watch, run, "stopped"), 10)
    assert "by force" in store.get(run.run_id).message
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_what_a_run_that_is_ended_by_force_left_is_taken_in(store, config, watch):
    watch.grace = 0.0
    run = store.create(config)
    with subprocess.Popen(["sleep", "60"]) as process:
        store.claim(run.run_id, processes.identity(process.pid))
        unsaved.append(run.folder, 1, [MetricRow(7, 0.0, 0.0, {"loss": 0.7})])
        store.request_stop(run.run_id)
        watch.tick()
    assert store.get(run.run_id).message.startswith("Ended by force")
    assert store.latest(run.run_id, "loss")[3] == 0.7


def test_a_stop_has_its_grace_period_whatever_the_clock_says(store, config, watch, monkeypatch, until):
    monkeypatch.setenv("TINY", "deaf")
    monkeypatch.setenv("TINY_SECONDS", "1")
    run = store.create(config)
    until(reaches(store, watch, run, "running"))
    store.request_stop(run.run_id)
    watch.tick()
    later = time.time() + 7200
    monkeypatch.setattr(time, "time", lambda: later)
    watch.tick()
    assert store.get(run.run_id).state == "running"
    watch.grace = 0.0
    watch.tick()
    assert store.get(run.run_id).state == "stopped"


def test_a_run_whose_folder_another_process_holds_fails_with_a_sentence(store, config, watch, until):
    run = store.create(config)
    with lock.hold(run):
        until(reaches(store, watch, run, "failed"))
    assert "ended with exit status 2, and its log may tell why; resume it" in store.get(run.run_id).message
    assert "Another process works on the run" in (run.folder / "log.txt").read_text()


def test_a_worker_that_the_kernel_ended_for_its_memory_says_so(store, config, watch, monkeypatch, until):
    monkeypatch.setenv("TINY_SECONDS", "1")
    run = store.create(config)
    until(reaches(store, watch, run, "running"))
    before = processes.killed_for_memory()
    os.kill(store.get(run.run_id).pid, signal.SIGKILL)
    until(lambda: store.get(run.run_id).state == "interrupted", 5)  # a reader comes first
    monkeypatch.setattr(processes, "killed_for_memory", lambda: before + 1)
    watch.tick()
    assert store.get(run.run_id).message == (
        "The system ended this run because the memory was full: close other programs, or clone the run with a smaller "
        "batch_size; resume it to start again from the beginning."
    )


def test_a_run_that_never_got_a_process_is_interrupted(store, config, watch, monkeypatch):
    run = store.create(config)
    store.claim(run.run_id)
    watch.tick()
    assert store.get(run.run_id).state == "starting"
    monkeypatch.setattr("byol_core.runs.repair.STARTING_SECONDS", 0.0)
    watch.tick()
    assert store.get(run.run_id).state == "interrupted"


def test_a_worker_that_cannot_start_is_a_failure_with_a_sentence(store, config, watch, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    run = store.create(config)
    watch.tick()
    run = store.get(run.run_id)
    assert (run.state, run.message) == (
        "failed",
        "Its process could not be started (No such file or directory).",
    )


# One a home, there when needed, gone when not


def test_a_second_supervisor_of_a_home_leaves_at_once(store, monkeypatch):
    monkeypatch.setattr(supervisor, "_loop", lambda *_: pytest.fail("there is one already"))
    with launcher.supervisor_lock(store.home):
        assert launcher.supervisor_runs(store.home)
        supervisor.serve(store)
    assert not launcher.supervisor_runs(store.home)


def test_a_run_that_comes_in_as_the_supervisor_leaves_is_not_forgotten(store, config, monkeypatch):
    rounds = []

    def loop(*_):
        rounds.append(len(store.queue()))
        store.create(config) if len(rounds) == 1 else store.request_stop(store.queue()[0].run_id)

    monkeypatch.setattr(supervisor, "_loop", loop)
    supervisor.serve(store)
    assert rounds == [0, 1]


def test_a_home_that_is_deleted_does_not_come_back(store, config, monkeypatch, until):
    """Its store is still open, and says that a run waits."""
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(Supervisor, "tick", lambda self: bool(self.store.queue_here()))
    store.create(config)
    thread = threading.Thread(target=supervisor.serve, args=(store,), daemon=True)
    thread.start()
    until(lambda: (store.home / supervisor.ABOUT).exists())
    gone = store.home.rename(store.home.with_name("gone"))  # at one instant, and not file by file
    thread.join(20)
    assert not thread.is_alive() and not store.home.exists()
    gone.rename(store.home)


def test_an_idle_supervisor_ends_by_itself(store, monkeypatch):
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.01)
    thread = threading.Thread(target=supervisor.serve, args=(store,), kwargs={"idle": 0.1})
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


def test_the_executor_starts_a_supervisor_that_outlives_it_and_stops_runs(store, config, monkeypatch, until):
    """The real processes from end to end; a source that is not there makes the real worker fail soon."""
    run = store.create(config.changed(**{"data.source": "/no/such/images"}))
    executor = LocalExecutor(store)
    executor.submit(run.run_id)
    until(lambda: launcher.supervisor_runs(store.home))
    executor.submit(run.run_id)
    about = store.home / supervisor.ABOUT
    until(about.exists)
    until(lambda: store.get(run.run_id).state == "failed", 60)
    assert "no such images" in store.get(run.run_id).message.replace("/", " ")
    assert any("starts from the beginning" in line for line in executor.tail(run.run_id))
    process = supervisor_of(about)
    assert os.getsid(process.pid) == process.pid
    process.terminate()
    until(lambda: not launcher.supervisor_runs(store.home), 10)


def test_a_supervisor_lives_through_what_goes_wrong_and_says_it_once(store, monkeypatch, capsys):
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.01)
    troubles = [LabError("The store is locked.")] * 3 + [OSError(28, "No space")] * 2

    def tick(_self):
        if troubles:
            raise troubles.pop(0)
        return False

    monkeypatch.setattr(Supervisor, "tick", tick)
    supervisor.serve(store, idle=0.1)
    said = capsys.readouterr().out
    assert [said.count(text) for text in ("The store is locked.", "No space", "All is well again.")] == [1, 1, 1]


def test_a_supervisor_gives_up_what_does_not_get_well(store, monkeypatch):
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.01)
    monkeypatch.setattr("byol_core.runs.supervisor.PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(Supervisor, "tick", lambda _self: 1 / 0)
    supervisor.serve(store, idle=0.1)


def test_the_trash_of_last_week_is_emptied_when_a_supervisor_starts(store, config, monkeypatch):
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.01)
    old, new = store.create(config), store.create(config)
    library.throw(store, [old.run_id, new.run_id])
    with store.writing() as connection:
        connection.execute(runs.update().where(runs.c.run_id == old.run_id).values(deleted=time.time() - 8 * 86400))
    supervisor.serve(store, idle=0.1)
    assert [run.run_id for run in library.trash(store)] == [new.run_id]
    assert (old.folder.exists(), new.folder.exists()) == (False, True)


def test_somebody_who_looks_wakes_the_supervisor_that_is_missing_now_and_then(store, config, monkeypatch):
    woken = []
    monkeypatch.setattr(launcher, "ensure_supervisor", lambda home, url: woken.append(home))
    launcher.keep_awake(store)
    store.create(config)
    launcher.keep_awake(store)
    assert woken == []  # looked a moment ago
    launcher.keep_awake(store, seconds=0)
    assert woken == [store.home]


def test_nobody_is_woken_for_nothing(store, monkeypatch):
    monkeypatch.setattr(launcher, "ensure_supervisor", lambda *_: pytest.fail("there is nothing to do"))
    LocalExecutor(store).wake()


def supervisor_of(about: Path) -> psutil.Process:
    import json

    return psutil.Process(json.loads(about.read_text())["pid"])


# Places to compute


@pytest.mark.parametrize(
    ("visible", "found"),
    [(None, ["0", "1"]), ("1", ["1"]), ("", []), ("-1", []), ("1,-1,0", ["1"]), ("GPU-af,0", ["GPU-af", "0"])],
)
def test_gpus_are_found_without_torch(monkeypatch, visible, found):
    monkeypatch.setattr(slots, "_nvidia_smi", lambda: ["0", "1"])
    monkeypatch.setattr(slots, "_torch_has_cuda", lambda: True)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert slots.cuda_devices() == found


def test_nvidia_smi_is_read(monkeypatch, tmp_path):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nprintf '0\\n1\\n'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert slots._nvidia_smi() == ["0", "1"]
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'No devices were found'; exit 6\n")
    assert slots._nvidia_smi() == []
